//! The directories that a program gets.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use wasi_common::sync::Dir;
use wasi_common::sync::ambient_authority;
use wasi_common::sync::dir::Dir as WholeDirectory;
use wasi_common::{WasiCtx, WasiDir};

use super::WasiError;
use super::read_only::ReadOnlyDirectory;
use crate::printable::Printable;

/// A directory of the host that a program gets, with all that is in it.
///
/// Written as `HOST`, `HOST::GUEST` or, for reading only, with `:ro` at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Where it is on the host.
    pub host: PathBuf,
    /// The path that the program knows it by.
    pub guest: String,
    /// Whether the program may only read.
    pub read_only: bool,
}

/// Why a text names no directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectoryError {
    /// Nothing stands before `::`.
    NoHostPath,
    /// Nothing stands after `::`.
    NoGuestPath,
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missing = match self {
            Self::NoHostPath => "no path of this machine is given",
            Self::NoGuestPath => "the path that the program sees is empty",
        };
        write!(
            formatter,
            "{missing}: write HOST, HOST::GUEST or HOST::GUEST:ro, for example data::/data"
        )
    }
}

impl std::error::Error for DirectoryError {}

impl FromStr for Directory {
    type Err = DirectoryError;

    fn from_str(text: &str) -> Result<Self, DirectoryError> {
        let (paths, read_only) = match text.strip_suffix(":ro") {
            Some(paths) => (paths, true),
            None => (text, false),
        };
        // The last one: a host's path may hold anything, the guest's is the person's own choice.
        let (host, guest) = paths.rsplit_once("::").unwrap_or((paths, paths));
        if host.is_empty() {
            return Err(DirectoryError::NoHostPath);
        }
        if guest.is_empty() {
            return Err(DirectoryError::NoGuestPath);
        }
        Ok(Self {
            host: PathBuf::from(host),
            guest: guest.to_owned(),
            read_only,
        })
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.read_only { ":ro" } else { "" };
        write!(
            formatter,
            "{}::{}{mode}",
            self.host.display(),
            Printable(&self.guest)
        )
    }
}

/// Opens all directories for a program.
pub(super) fn open_all(directories: &[Directory], context: &WasiCtx) -> Result<(), WasiError> {
    for (index, directory) in directories.iter().enumerate() {
        let before = directories.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.guest == directory.guest) {
            return Err(WasiError::DirectoryTwice(directory.guest.clone()));
        }
        if directory.guest.contains('\0') {
            return Err(WasiError::NulByte(directory.guest.clone()));
        }
        let opened = open(directory).map_err(|error| WasiError::Directory {
            host: directory.host.clone(),
            error,
        })?;
        context
            .push_preopened_dir(opened, &directory.guest)
            .map_err(|error| WasiError::Internal(error.to_string()))?;
    }
    Ok(())
}

fn open(directory: &Directory) -> Result<Box<dyn WasiDir>, io::Error> {
    let opened = Dir::open_ambient_dir(&directory.host, ambient_authority())?;
    let whole = Box::new(WholeDirectory::from_cap_std(opened));
    Ok(if directory.read_only {
        Box::new(ReadOnlyDirectory(whole))
    } else {
        whole
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(host: &str, guest: &str, read_only: bool) -> Result<Directory, DirectoryError> {
        Ok(Directory {
            host: host.into(),
            guest: guest.into(),
            read_only,
        })
    }

    #[test]
    fn directory_of_each_form_is_read() {
        assert_eq!("data".parse(), directory("data", "data", false));
        assert_eq!("data:ro".parse(), directory("data", "data", true));
        assert_eq!("a/b::/data".parse(), directory("a/b", "/data", false));
        assert_eq!("a/b::/data:ro".parse(), directory("a/b", "/data", true));
        assert_eq!("a::b::c".parse(), directory("a::b", "c", false));
    }

    #[test]
    fn directory_without_a_path_is_refused() {
        for text in ["", ":ro", "::/data", "::"] {
            let result: Result<Directory, _> = text.parse();
            assert_eq!(result, Err(DirectoryError::NoHostPath), "{text:?}");
        }
        let result: Result<Directory, _> = "data::".parse();
        assert_eq!(result, Err(DirectoryError::NoGuestPath));
    }
}
