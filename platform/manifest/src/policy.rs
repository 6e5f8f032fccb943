//! `policy.toml`: what a board's owner lets modules have.

use mote_abi::LogLevel;
use mote_supervisor::policy::{GRANTS_MAX, Names, Policy, PolicyGrant};
use serde::Deserialize;

use crate::{ParseError, words};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    #[serde(default)]
    grant: Vec<Grant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    interface: String,
    modules: Option<List>,
    pins: Option<List>,
    rights: Option<Vec<String>>,
    level: Option<String>,
}

/// `"any"`, or a list of names.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected \"any\" or a list of names")]
enum List {
    Word(String),
    Names(Vec<String>),
}

/// A policy in postcard, as a firmware holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile(Vec<u8>);

impl PolicyFile {
    /// Returns the bytes that a firmware holds.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the policy, with names that are borrowed from here.
    #[must_use]
    pub fn policy(&self) -> Policy<'_> {
        // It was encoded from a policy; if it cannot be read it grants nothing.
        postcard::from_bytes(&self.0).unwrap_or_default()
    }
}

/// Reads a policy.
///
/// # Errors
///
/// Where the text is not TOML, or says what makes no sense; the error tells where.
pub fn parse_policy(text: &str) -> Result<PolicyFile, ParseError> {
    let toml: Toml = toml::from_str(text)?;
    let places: Vec<String> = toml
        .grant
        .iter()
        .enumerate()
        .map(|(index, grant)| format!("grant {} ({})", index.saturating_add(1), grant.interface))
        .collect();
    // Kept apart, since a policy borrows its names.
    let lists = toml.grant.iter().zip(&places).map(|(grant, place)| {
        Ok(Lists {
            modules: names(place, "modules", grant.modules.as_ref())?,
            pins: names(place, "pins", grant.pins.as_ref())?,
        })
    });
    let lists: Vec<Lists> = lists.collect::<Result<_, ParseError>>()?;
    let mut policy = Policy::default();
    for ((grant, place), lists) in toml.grant.iter().zip(&places).zip(&lists) {
        let grant = self::grant(place, grant, lists)?;
        policy.grants.push(grant).map_err(|_| {
            let message = format!("one too many: a policy has at most {GRANTS_MAX}");
            ParseError::at(place, message)
        })?;
    }
    postcard::to_allocvec(&policy)
        .map(PolicyFile)
        .map_err(|error| ParseError::at("policy", format!("cannot be encoded: {error}")))
}

/// The names of a grant, with a space between; nothing where all are meant.
struct Lists {
    modules: Option<String>,
    pins: Option<String>,
}

fn grant<'a>(place: &str, grant: &Grant, lists: &'a Lists) -> Result<PolicyGrant<'a>, ParseError> {
    let of = |list: &'a Option<String>| list.as_deref().map_or(Names::Any, Names::Of);
    let interface = words::interface(place, &grant.interface)?;
    let pins = match (interface.pin_direction(), &grant.pins) {
        (Some(_), Some(_)) => of(&lists.pins),
        (Some(_), None) => {
            let message = "say which: pins = [\"...\"], or pins = \"any\"";
            return Err(ParseError::at(place, message));
        }
        (None, None) => Names::Any,
        (None, Some(_)) => {
            let message = format!("{} is of no pin: leave pins out", interface.name());
            return Err(ParseError::at(place, message));
        }
    };
    let level = grant.level.as_deref();
    Ok(PolicyGrant {
        modules: of(&lists.modules),
        interface,
        pins,
        rights: words::rights(place, interface, grant.rights.as_deref())?,
        log_level: words::log_level(place, interface, level, LogLevel::Trace)?,
    })
}

/// Returns the names of a list, with a space between, or nothing where there is no list or it is
/// `"any"`.
fn names(place: &str, key: &str, list: Option<&List>) -> Result<Option<String>, ParseError> {
    match list {
        None => Ok(None),
        Some(List::Word(word)) if word == "any" => Ok(None),
        Some(List::Word(word)) => Err(ParseError::at(
            place,
            format!("{key} = {word:?} is neither \"any\" nor a list such as [{word:?}]"),
        )),
        Some(List::Names(texts)) => {
            for text in texts {
                words::name(place, text)?;
            }
            Ok(Some(texts.join(" ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mote_supervisor::capability::{Interface, Rights};

    #[test]
    fn policy_with_defaults_is_read_and_survives_postcard() {
        let file = parse_policy(
            r#"
            [[grant]]
            interface = "gpio.out"
            pins = ["led0", "led1"]
            modules = ["blink"]
            rights = ["write"]
            [[grant]]
            interface = "log"
            "#,
        )
        .unwrap();
        let policy = file.policy();
        let [pins, log] = policy.grants.as_slice() else {
            panic!("two")
        };
        assert_eq!(pins.interface, Interface::GpioOut);
        assert_eq!(pins.rights, Rights::WRITE);
        assert!(pins.pins.contains("led1") && !pins.pins.contains("led2"));
        assert!(pins.modules.contains("blink") && !pins.modules.contains("other"));
        assert_eq!(log.log_level(), Some(LogLevel::Trace));
        assert!(log.modules.contains("anything"));
        assert_eq!(
            postcard::from_bytes::<Policy<'_>>(file.as_bytes()),
            Ok(policy)
        );
    }

    #[test]
    fn policy_faults_are_told_with_their_place() {
        let cases = [
            (
                "[[grant]]\ninterface = \"gpio.out\"",
                "grant 1 (gpio.out): say which",
            ),
            (
                "[[grant]]\ninterface = \"clock\"\npins = \"any\"",
                "is of no pin",
            ),
            (
                "[[grant]]\ninterface = \"log\"\nmodules = \"blink\"",
                "neither \"any\" nor a list",
            ),
            (
                "[[grant]]\ninterface = \"log\"\nmodules = 3",
                "\"any\" or a list",
            ),
            ("[[grant]]\ninterface = \"loch\"", "there are gpio.out"),
            ("[[deny]]\ninterface = \"log\"", "unknown field"),
        ];
        for (text, expected) in cases {
            let message = parse_policy(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
        assert_eq!(parse_policy("").unwrap().policy(), Policy::default());
    }
}
