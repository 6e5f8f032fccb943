//! `manifest.toml`: what a module is and asks for.

use std::collections::BTreeMap;

use mote_abi::LogLevel;
use mote_supervisor::capability::table::CAPABILITIES_MAX;
use mote_supervisor::manifest::{Manifest, Request, Version};
use serde::Deserialize;

use crate::{ParseError, words};

/// A manifest as it was read, and what only the tool needs of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestFile {
    /// What a device gets.
    pub manifest: Manifest,
    /// The module's file, relative to the manifest, where it says so.
    pub wasm: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    module: Module,
    #[serde(default)]
    limits: Limits,
    #[serde(default)]
    capabilities: BTreeMap<String, Capability>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    name: String,
    version: String,
    abi: u16,
    wasm: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Limits {
    memory_bytes: Option<u32>,
    stack_bytes: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Capability {
    interface: String,
    pin: Option<String>,
    rights: Option<Vec<String>>,
    level: Option<String>,
    #[serde(default)]
    optional: bool,
}

/// Reads a manifest.
///
/// # Errors
///
/// Where the text is not TOML, or says what makes no sense; the error tells where.
pub fn parse_manifest(text: &str) -> Result<ManifestFile, ParseError> {
    let toml: Toml = toml::from_str(text)?;
    let mut manifest = Manifest {
        abi: toml.module.abi,
        name: words::name("module.name", &toml.module.name)?,
        version: version(&toml.module.version)?,
        memory_max_bytes: toml.limits.memory_bytes,
        stack_max_bytes: toml.limits.stack_bytes,
        ..Manifest::default()
    };
    for (name, capability) in toml.capabilities {
        let place = format!("capabilities.{name}");
        let request = request(&place, &name, &capability)?;
        manifest.capabilities.push(request).map_err(|_| {
            let message = format!("one too many: a module has at most {CAPABILITIES_MAX}");
            ParseError::at(place, message)
        })?;
    }
    Ok(ManifestFile {
        manifest,
        wasm: toml.module.wasm,
    })
}

fn request(place: &str, name: &str, capability: &Capability) -> Result<Request, ParseError> {
    let interface = words::interface(&format!("{place}.interface"), &capability.interface)?;
    let pin = match (interface.pin_direction(), &capability.pin) {
        (Some(_), Some(pin)) => Some(words::name(&format!("{place}.pin"), pin)?),
        (None, None) => None,
        (Some(_), None) => {
            let message = format!("{} is of a pin: add pin = \"...\"", interface.name());
            return Err(ParseError::at(place, message));
        }
        (None, Some(_)) => {
            let message = format!("{} is of no pin: leave it out", interface.name());
            return Err(ParseError::at(format!("{place}.pin"), message));
        }
    };
    let rights = capability.rights.as_deref();
    let level = capability.level.as_deref();
    Ok(Request {
        name: words::name(place, name)?,
        interface,
        pin,
        rights: words::rights(&format!("{place}.rights"), interface, rights)?,
        log_level: words::log_level(&format!("{place}.level"), interface, level, LogLevel::Info)?,
        optional: capability.optional,
    })
}

fn version(text: &str) -> Result<Version, ParseError> {
    let parts: Option<Vec<u16>> = text.split('.').map(|part| part.parse().ok()).collect();
    match parts.as_deref() {
        Some(&[major, minor, patch]) => Ok(Version {
            major,
            minor,
            patch,
        }),
        _ => Err(ParseError::at(
            "module.version",
            format!("{text:?} is not three numbers up to 65535, such as \"1.0.3\""),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_supervisor::capability::{Interface, Rights};

    const GOOD: &str = r#"
        [module]
        name = "blink"
        version = "0.1.20"
        abi = 0
        [limits]
        memory_bytes = 512
        [capabilities.led]
        interface = "gpio.out"
        pin = "led0"
        rights = ["write"]
        [capabilities.time]
        interface = "clock"
        optional = true
        [capabilities.log]
        interface = "log"
        level = "debug"
    "#;

    #[test]
    fn manifest_with_everything_is_read() {
        let file = parse_manifest(GOOD).unwrap();
        let manifest = file.manifest;
        assert_eq!(manifest.name, "blink");
        assert_eq!(
            manifest.version,
            Version {
                major: 0,
                minor: 1,
                patch: 20
            }
        );
        assert_eq!(manifest.memory_max_bytes, Some(512));
        let [led, log, time] = manifest.capabilities.as_slice() else {
            panic!("three")
        };
        assert_eq!(led.interface, Interface::GpioOut);
        assert_eq!(led.rights, Rights::WRITE);
        assert_eq!(led.pin.as_deref(), Some("led0"));
        assert_eq!(log.log_level(), Some(LogLevel::Debug));
        assert!(time.optional);
        assert_eq!(time.rights, Rights::READ | Rights::WAIT);
    }

    #[test]
    fn manifest_survives_postcard() {
        let manifest = parse_manifest(GOOD).unwrap().manifest;
        let bytes = postcard::to_allocvec(&manifest).unwrap();
        assert_eq!(postcard::from_bytes::<Manifest>(&bytes), Ok(manifest));
    }

    /// A change to the good manifest, and what the message must contain.
    #[test]
    fn manifest_faults_are_told_with_their_place() {
        let cases = [
            ("name = \"blink\"", "", "name"),
            ("name = \"blink\"", "name = \"\"", "module.name"),
            ("name = \"blink\"", "name = \"a b\"", "space"),
            ("\"0.1.20\"", "\"1.0\"", "module.version"),
            ("\"0.1.20\"", "\"1.0.70000\"", "65535"),
            ("abi = 0", "abi = -1", "abi"),
            ("memory_bytes", "memory", "memory_bytes"),
            ("\"gpio.out\"", "\"gpio\"", "gpio.out, gpio.in, clock, log"),
            ("pin = \"led0\"", "", "add pin"),
            ("[\"write\"]", "[\"wait\"]", "capabilities.led.rights"),
            ("[\"write\"]", "[]", "empty list"),
            ("\"debug\"", "\"loud\"", "error, warn, info, debug, trace"),
            ("optional = true", "level = \"info\"", "clock has no level"),
            ("optional = true", "pin = \"led0\"", "capabilities.time.pin"),
            ("[module]", "[module", "TOML"),
        ];
        for (from, to, expected) in cases {
            let text = GOOD.replacen(from, to, 1);
            let message = parse_manifest(&text).unwrap_err().to_string();
            assert!(message.contains(expected), "{from:?} -> {to:?}: {message}");
        }
    }

    #[test]
    fn manifest_with_too_many_capabilities_is_refused() {
        let mut text = String::from("[module]\nname = \"a\"\nversion = \"1.0.0\"\nabi = 0\n");
        for index in 0..=CAPABILITIES_MAX {
            text.push_str(&format!("[capabilities.c{index}]\ninterface = \"clock\"\n"));
        }
        assert!(
            parse_manifest(&text)
                .unwrap_err()
                .to_string()
                .contains("at most 16")
        );
    }
}
