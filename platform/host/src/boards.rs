//! The boards that the tool knows: one line each.

use std::path::Path;

use mote_manifest::PolicyFile;
use mote_toolchain::Target;
use mote_traits::BoardDescription;

use crate::cli::EngineName;
use crate::exit::Failure;
use crate::qemu::LedTrace;

/// A board with a firmware, emulated by QEMU.
#[derive(Debug)]
pub(crate) struct DeviceBoard {
    pub(crate) description: &'static BoardDescription,
    /// The package of the firmware with Mote's own engine.
    firmware: &'static str,
    /// The package of the firmware with wasmi, or why there is none.
    wasmi_firmware: Result<&'static str, &'static str>,
    pub(crate) target: Target,
    /// QEMU's name of the machine.
    pub(crate) machine: &'static str,
    /// How QEMU tells of its LEDs.
    pub(crate) leds: LedTrace,
    /// The policy that is built into the firmware.
    policy: &'static str,
    policy_path: &'static str,
}

/// Arm MPS2+ AN386.
pub(crate) static MPS2_AN386: DeviceBoard = DeviceBoard {
    description: &mote_board_mps2_an386::DESCRIPTION,
    firmware: "mote-firmware-mps2-an386",
    wasmi_firmware: Ok("mote-firmware-mps2-an386-wasmi"),
    target: Target::ThumbV7EMHardFloat,
    machine: "mps2-an386",
    leds: LedTrace::Mps2Register,
    policy: include_str!("../../../firmware/mps2-an386/policy.toml"),
    policy_path: "firmware/mps2-an386/policy.toml",
};

/// BBC micro:bit.
pub(crate) static MICROBIT: DeviceBoard = DeviceBoard {
    description: &mote_board_microbit::DESCRIPTION,
    firmware: "mote-firmware-microbit",
    wasmi_firmware: Err(
        "wasmi needs half a megabyte of flash and atomic operations, and the board has 256 KB and \
         a Cortex-M0, which has none",
    ),
    target: Target::ThumbV6M,
    machine: "microbit",
    leds: LedTrace::Nrf51Lines(&[13, 14]),
    policy: include_str!("../../../firmware/microbit/policy.toml"),
    policy_path: "firmware/microbit/policy.toml",
};

/// All boards with a firmware.
pub(crate) static DEVICES: [&DeviceBoard; 2] = [&MPS2_AN386, &MICROBIT];

/// Where a module is run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Board {
    /// In the simulator, which takes on this board.
    Simulated(&'static BoardDescription, Policy),
    /// On an emulated device.
    Device(&'static DeviceBoard),
}

/// A policy's text, and where it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) text: &'static str,
    pub(crate) path: &'static str,
}

const SIM_POLICY: Policy = Policy {
    text: include_str!("../../sim/policy.toml"),
    path: "platform/sim/policy.toml",
};

impl DeviceBoard {
    /// Returns the board's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.description.name
    }

    /// Returns why wasmi does not run there, where it does not.
    pub(crate) fn without_wasmi(&self) -> Option<&'static str> {
        self.wasmi_firmware.err()
    }

    /// Returns the package of the firmware with an engine.
    pub(crate) fn firmware(&self, engine: EngineName) -> Result<&'static str, Failure> {
        match engine {
            EngineName::Mote => Ok(self.firmware),
            EngineName::Wasmi => self.wasmi_firmware.map_err(|reason| {
                Failure::usage(format!(
                    "--engine wasmi: there is no firmware of {} with it: {reason}; leave --engine out, \
                     or simulate the board with --board sim:{0}",
                    self.description.name
                ))
            }),
        }
    }

    pub(crate) const fn policy(&self) -> Policy {
        Policy {
            text: self.policy,
            path: self.policy_path,
        }
    }
}

impl Board {
    /// Finds a board by the name that `--board` takes: `sim`, `BOARD`, or `sim:BOARD`.
    pub(crate) fn find(name: &str) -> Result<Self, Failure> {
        if name == "sim" {
            return Ok(Self::Simulated(&mote_sim::SIM, SIM_POLICY));
        }
        let (simulated, device) = match name.strip_prefix("sim:") {
            Some(device) => (true, device),
            None => (false, name),
        };
        match DEVICES
            .iter()
            .find(|board| board.description.name == device)
        {
            Some(board) if simulated => Ok(Self::Simulated(board.description, board.policy())),
            Some(board) => Ok(Self::Device(board)),
            None => Err(Failure::usage(format!(
                "no board {name:?}; there are {}",
                names().join(", ")
            ))),
        }
    }

    pub(crate) const fn description(self) -> &'static BoardDescription {
        match self {
            Self::Simulated(description, _) => description,
            Self::Device(board) => board.description,
        }
    }

    /// Reads the board's policy, or another one in its place.
    pub(crate) fn read_policy(self, other: Option<&Path>) -> Result<PolicyFile, Failure> {
        let (text, path) = match other {
            None => (self.policy().text.to_owned(), self.policy().path.to_owned()),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| Failure::unreadable(path, &error))?;
                (text, path.display().to_string())
            }
        };
        mote_manifest::parse_policy(&text)
            .map_err(|error| Failure::usage(format!("{path}: {error}")))
    }

    pub(crate) const fn policy(self) -> Policy {
        match self {
            Self::Simulated(_, policy) => policy,
            Self::Device(board) => board.policy(),
        }
    }
}

/// Returns every name that `--board` takes.
pub(crate) fn names() -> Vec<String> {
    let mut names = vec!["sim".to_owned()];
    for board in DEVICES {
        names.push(board.description.name.to_owned());
        names.push(format!("sim:{}", board.description.name));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_board_and_a_policy_that_reads() {
        for name in names() {
            let board = Board::find(&name).unwrap();
            let policy = mote_manifest::parse_policy(board.policy().text);
            assert!(policy.is_ok(), "{}: {policy:?}", board.policy().path);
        }
        assert!(
            Board::find("sim:none")
                .unwrap_err()
                .message
                .contains("mps2-an386")
        );
    }
}
