//! What a module's manifest asks for, and what came of it on a board.

use mote_abi::LogLevel;
use mote_supervisor::capability::Rights;
use mote_supervisor::grant::{Decision, Refusal};
use mote_supervisor::manifest::{Manifest, Request};
use serde::Serialize;

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum CapabilityState {
    /// No board was asked.
    Asked,
    /// The board's policy grants it.
    Granted,
    /// The board's policy refuses it.
    Refused {
        /// Why.
        reason: String,
    },
}

/// One capability that a module asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capability {
    /// The name that the module opens it by.
    pub name: String,
    /// Its kind.
    pub interface: &'static str,
    /// Its pin, if it is of one.
    pub pin: Option<String>,
    /// What the module wants to do with it.
    pub rights: Vec<&'static str>,
    /// The most talkative log level that is wanted, for a log.
    pub log_level: Option<&'static str>,
    /// Whether the module can do without.
    pub optional: bool,
    /// What became of it.
    pub state: CapabilityState,
}

/// Lists what a manifest asks for; decisions are taken by name, so that they may be of a part.
pub(super) fn list(manifest: &Manifest, decisions: Option<&[Decision]>) -> Vec<Capability> {
    manifest
        .capabilities
        .iter()
        .map(|request| {
            let decision = decisions.and_then(|decisions| {
                decisions
                    .iter()
                    .find(|decision| decision.request.name == request.name)
            });
            capability(request, decision)
        })
        .collect()
}

fn capability(request: &Request, decision: Option<&Decision>) -> Capability {
    let state = match decision {
        None => CapabilityState::Asked,
        Some(decision) => match decision.refusal {
            None => CapabilityState::Granted,
            Some(refusal) => CapabilityState::Refused {
                reason: reason(request, refusal),
            },
        },
    };
    Capability {
        name: request.name.as_str().to_owned(),
        interface: request.interface.name(),
        pin: request.pin.as_ref().map(|pin| pin.as_str().to_owned()),
        rights: Rights::WORDS
            .iter()
            .filter(|(right, _)| request.rights.contains(*right))
            .map(|(_, word)| *word)
            .collect(),
        log_level: request.log_level().map(LogLevel::name),
        optional: request.optional,
        state,
    }
}

fn reason(request: &Request, refusal: Refusal) -> String {
    match refusal {
        Refusal::NoSuchPin => format!(
            "the board has no pin \"{}\" for {}",
            request.pin.as_deref().unwrap_or_default(),
            request.interface.name()
        ),
        Refusal::NotInPolicy => "no grant of the board's policy covers it".to_owned(),
        Refusal::RightsNotGranted(missing) => {
            format!("the board's policy grants it without {missing}")
        }
        Refusal::Malformed => format!(
            "the request makes no sense for {}: see its rights, pin and level",
            request.interface.name()
        ),
    }
}
