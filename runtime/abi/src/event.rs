//! Events: what the host tells a module that waits in `event.next`.
//!
//! ```text
//!   63 | 62          32 | 31           0
//!    0 |  event number  |    subject
//! ```
//!
//! The subject is the handle concerned, or 0. A packed event is positive; 0 means that the time
//! was up before one came.

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A capability was revoked; the subject is the handle that died.
    CapabilityRevoked = 1,
    /// The module is asked to return from its entry; the subject is 0.
    StopRequested = 2,
    /// Events were lost because the module did not fetch them in time; the subject is how many.
    EventsLost = 3,
}

impl EventKind {
    /// Every kind, in the order of its number.
    pub const ALL: [Self; 3] = [
        Self::CapabilityRevoked,
        Self::StopRequested,
        Self::EventsLost,
    ];

    /// Returns the kind's positive number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the name that the C header and the documentation use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CapabilityRevoked => "CAPABILITY_REVOKED",
            Self::StopRequested => "STOP_REQUESTED",
            Self::EventsLost => "EVENTS_LOST",
        }
    }
}

/// One event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// To what it happened: see [`EventKind`].
    pub subject: u32,
}

impl Event {
    /// Returns the event as `event.next` answers it.
    #[must_use]
    pub const fn to_i64(self) -> i64 {
        ((self.kind as i64) << 32) | self.subject as i64
    }

    /// Returns the event in an answer of `event.next`, or nothing where the time was up, the
    /// call failed, or the host is newer and knows events that this guest does not.
    #[must_use]
    pub const fn from_i64(answer: i64) -> Option<Self> {
        let [s0, s1, s2, s3, k0, k1, k2, k3] = answer.to_le_bytes();
        let subject = u32::from_le_bytes([s0, s1, s2, s3]);
        let kind = match u32::from_le_bytes([k0, k1, k2, k3]) {
            1 => EventKind::CapabilityRevoked,
            2 => EventKind::StopRequested,
            3 => EventKind::EventsLost,
            _ => return None,
        };
        Some(Self { kind, subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_answer_round_trips() {
        for kind in EventKind::ALL {
            for subject in [0, 1, u32::MAX] {
                let event = Event { kind, subject };
                assert!(event.to_i64() > 0);
                assert_eq!(Event::from_i64(event.to_i64()), Some(event));
            }
        }
        for answer in [0, -1, 9 << 32, i64::MIN] {
            assert_eq!(Event::from_i64(answer), None);
        }
    }

    #[test]
    fn event_table_of_readme_matches() {
        let readme = include_str!("../README.md");
        for kind in EventKind::ALL {
            let row = std::format!("| {} | `{}` |", kind.number(), kind.name());
            assert!(readme.contains(&row), "README.md has no row {row:?}");
        }
    }
}
