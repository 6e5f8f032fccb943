//! A directory that can be read and not changed.
//!
//! wasi-common knows no such thing, so this stands between it and the directory: what would change
//! anything ends as "read-only file system" and never gets to the host. It names what may be done,
//! not what may not: a call that a later wasi-common adds is refused until it is written here.

use std::any::Any;
use std::io::{IoSlice, IoSliceMut, SeekFrom};
use std::path::PathBuf;

use async_trait::async_trait;
use wasi_common::dir::{OpenResult, ReaddirCursor, ReaddirEntity};
use wasi_common::file::{Advice, FdFlags, FileType, Filestat, OFlags};
use wasi_common::snapshots::preview_1::types::Errno;
use wasi_common::{Error, SystemTimeSpec, WasiDir, WasiFile};

type Entries = Box<dyn Iterator<Item = Result<ReaddirEntity, Error>> + Send>;

fn refused<T>() -> Result<T, Error> {
    Err(Errno::Rofs.into())
}

/// A directory that can be read and not changed.
pub(super) struct ReadOnlyDirectory(pub(super) Box<dyn WasiDir>);

#[async_trait]
impl WasiDir for ReadOnlyDirectory {
    /// Itself, not what it stands for: wasi-common asks here for the target of a rename or a link,
    /// and must not get through to it.
    fn as_any(&self) -> &dyn Any {
        self
    }

    async fn open_file(
        &self,
        symlink_follow: bool,
        path: &str,
        oflags: OFlags,
        read: bool,
        write: bool,
        fdflags: FdFlags,
    ) -> Result<OpenResult, Error> {
        // Appending opens for writing whatever `write` says, and so does truncating.
        let changing = OFlags::CREATE | OFlags::EXCLUSIVE | OFlags::TRUNCATE;
        if write || oflags.intersects(changing) || fdflags.contains(FdFlags::APPEND) {
            return refused();
        }
        let opened = self
            .0
            .open_file(symlink_follow, path, oflags, read, write, fdflags)
            .await?;
        Ok(match opened {
            OpenResult::File(file) => OpenResult::File(Box::new(ReadOnlyFile(file))),
            OpenResult::Dir(directory) => OpenResult::Dir(Box::new(Self(directory))),
        })
    }

    async fn readdir(&self, cursor: ReaddirCursor) -> Result<Entries, Error> {
        self.0.readdir(cursor).await
    }

    async fn read_link(&self, path: &str) -> Result<PathBuf, Error> {
        self.0.read_link(path).await
    }

    async fn get_filestat(&self) -> Result<Filestat, Error> {
        self.0.get_filestat().await
    }

    async fn get_path_filestat(
        &self,
        path: &str,
        follow_symlinks: bool,
    ) -> Result<Filestat, Error> {
        self.0.get_path_filestat(path, follow_symlinks).await
    }

    async fn create_dir(&self, _path: &str) -> Result<(), Error> {
        refused()
    }

    async fn symlink(&self, _old_path: &str, _new_path: &str) -> Result<(), Error> {
        refused()
    }

    async fn remove_dir(&self, _path: &str) -> Result<(), Error> {
        refused()
    }

    async fn unlink_file(&self, _path: &str) -> Result<(), Error> {
        refused()
    }

    async fn rename(&self, _path: &str, _to: &dyn WasiDir, _to_path: &str) -> Result<(), Error> {
        refused()
    }

    async fn hard_link(&self, _path: &str, _to: &dyn WasiDir, _to_path: &str) -> Result<(), Error> {
        refused()
    }

    async fn set_times(
        &self,
        _path: &str,
        _accessed: Option<SystemTimeSpec>,
        _modified: Option<SystemTimeSpec>,
        _follow_symlinks: bool,
    ) -> Result<(), Error> {
        refused()
    }
}

/// A file that can be read and not changed, its times included.
struct ReadOnlyFile(Box<dyn WasiFile>);

#[async_trait]
impl WasiFile for ReadOnlyFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(unix)]
    fn pollable(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        self.0.pollable()
    }

    fn isatty(&self) -> bool {
        self.0.isatty()
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        self.0.get_filetype().await
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        self.0.get_fdflags().await
    }

    async fn get_filestat(&self) -> Result<Filestat, Error> {
        self.0.get_filestat().await
    }

    async fn advise(&self, offset: u64, length: u64, advice: Advice) -> Result<(), Error> {
        self.0.advise(offset, length, advice).await
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        self.0.read_vectored(buffers).await
    }

    async fn read_vectored_at<'a>(
        &self,
        buffers: &mut [IoSliceMut<'a>],
        offset: u64,
    ) -> Result<u64, Error> {
        self.0.read_vectored_at(buffers, offset).await
    }

    async fn seek(&self, position: SeekFrom) -> Result<u64, Error> {
        self.0.seek(position).await
    }

    async fn peek(&self, buffer: &mut [u8]) -> Result<u64, Error> {
        self.0.peek(buffer).await
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        self.0.num_ready_bytes()
    }

    async fn readable(&self) -> Result<(), Error> {
        self.0.readable().await
    }

    async fn set_fdflags(&mut self, _flags: FdFlags) -> Result<(), Error> {
        refused()
    }

    async fn set_filestat_size(&self, _size: u64) -> Result<(), Error> {
        refused()
    }

    async fn set_times(
        &self,
        _accessed: Option<SystemTimeSpec>,
        _modified: Option<SystemTimeSpec>,
    ) -> Result<(), Error> {
        refused()
    }

    async fn write_vectored<'a>(&self, _buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        refused()
    }

    async fn write_vectored_at<'a>(
        &self,
        _buffers: &[IoSlice<'a>],
        _offset: u64,
    ) -> Result<u64, Error> {
        refused()
    }
}
