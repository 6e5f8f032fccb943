//! Grants: what comes of a manifest's requests on a board with a policy.
//!
//! A pure function of the three, made before anything of the module runs, so that a tool can show
//! the outcome without a device, and a device reports the same.

use mote_abi::{LogLevel, NAME_MAX_BYTES};
use mote_traits::BoardDescription;
use serde::{Deserialize, Serialize};

use crate::capability::table::TableError;
use crate::capability::{Interface, Resource, Rights, Table};
use crate::manifest::{Manifest, Request};
use crate::policy::Policy;
use crate::{Name, link};

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The board has no pin of that name and direction.
    NoSuchPin,
    /// No grant of the policy covers it.
    NotInPolicy,
    /// The policy grants it, but not these rights.
    RightsNotGranted(Rights),
    /// It asks for a right that means nothing for the interface, names a pin where there is none
    /// to name, or names none where there is.
    Malformed,
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision<N = Name> {
    /// What was asked for.
    pub request: Request<N>,
    /// Why it was refused; nothing where it was granted.
    pub refusal: Option<Refusal>,
}

impl<N> Decision<N> {
    /// Tells whether the module cannot start because of it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.refusal.is_some() && !self.request.optional
    }
}

impl Decision<&str> {
    /// Returns the decision with names of its own, cut where they are longer than names are.
    #[must_use]
    pub fn to_owned(&self) -> Decision {
        let own = |name: &&str| Name::try_from(link::cut(name, NAME_MAX_BYTES)).unwrap_or_default();
        Decision {
            request: self.request.map(own),
            refusal: self.refusal,
        }
    }
}

/// Decides what a module gets on a board, and tells each decision in the manifest's order.
///
/// # Errors
///
/// [`TableError::Duplicate`] where the manifest names one capability twice; nothing is told then.
#[inline(never)]
pub fn decide<'a>(
    manifest: &Manifest<&'a str>,
    policy: &Policy<'_>,
    board: &BoardDescription,
    mut tell: impl FnMut(Decision<&'a str>),
) -> Result<(), TableError> {
    for (index, request) in manifest.capabilities.iter().enumerate() {
        let before = manifest.capabilities.iter().take(index);
        if before.into_iter().any(|other| other.name == request.name) {
            return Err(TableError::Duplicate);
        }
    }
    for request in &manifest.capabilities {
        tell(Decision {
            request: request.clone(),
            refusal: resolve(request, manifest.name, policy, board).err(),
        });
    }
    Ok(())
}

/// Adds to a table what a module holds by the same decisions.
///
/// # Errors
///
/// As [`decide`].
#[inline(never)]
pub fn hold<'a>(
    manifest: &Manifest<&'a str>,
    policy: &Policy<'_>,
    board: &BoardDescription,
    table: &mut Table<'a>,
) -> Result<(), TableError> {
    for request in &manifest.capabilities {
        match resolve(request, manifest.name, policy, board) {
            Ok(resource) => table.grant(request.name, resource, request.rights)?,
            Err(_) => table.deny(request.name)?,
        }
    }
    Ok(())
}

fn resolve(
    request: &Request<&str>,
    module: &str,
    policy: &Policy<'_>,
    board: &BoardDescription,
) -> Result<Resource, Refusal> {
    if !request.interface.rights().contains(request.rights) || request.rights.is_empty() {
        return Err(Refusal::Malformed);
    }
    let pin = match (request.interface.pin_direction(), &request.pin) {
        (Some(direction), Some(pin)) => Some(board.pin(pin, direction).ok_or(Refusal::NoSuchPin)?),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(Refusal::Malformed),
    };
    let mut granted = Rights::empty();
    let mut level: Option<LogLevel> = None;
    for grant in &policy.grants {
        let covers = grant.interface == request.interface
            && grant.modules.contains(module)
            && request
                .pin
                .as_ref()
                .is_none_or(|pin| grant.pins.contains(pin));
        if covers {
            granted |= grant.rights;
            level = level.max(grant.log_level());
        }
    }
    if granted.is_empty() {
        return Err(Refusal::NotInPolicy);
    }
    let missing = request.rights.difference(granted);
    if !missing.is_empty() {
        return Err(Refusal::RightsNotGranted(missing));
    }
    match (request.interface, pin) {
        (Interface::GpioOut, Some(pin)) => Ok(Resource::GpioOut(pin)),
        (Interface::GpioIn, Some(pin)) => Ok(Resource::GpioIn(pin)),
        (Interface::Clock, _) => Ok(Resource::Clock),
        (Interface::Log, _) => {
            // The less talkative of the two: a policy narrows how much is written.
            let wanted = request.log_level().ok_or(Refusal::Malformed)?;
            let most = level.ok_or(Refusal::NotInPolicy)?;
            Ok(Resource::Log(wanted.min(most)))
        }
        (Interface::GpioOut | Interface::GpioIn, None) => Err(Refusal::Malformed),
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
