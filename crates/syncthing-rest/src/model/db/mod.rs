//! What the daemon knows of files.

mod browse;
mod children;
mod completion;
mod file;
mod status;

pub use browse::{BrowseNode, FileType};
pub use children::Children;
pub use completion::{Completion, RemoteState};
pub use file::{
    Availability, FileInfo, FileLookup, LocalFlags, MtimeMapping, MtimeValue, PlatformData,
    UnixOwner, WindowsOwner, Xattr, Xattrs,
};
pub use status::{FolderState, FolderStatus};

use crate::wire::model;

model! {
    /// A page of what a folder needs: `GET /rest/db/need`. All three lists are
    /// cut to one page together, in this order.
    pub struct Need {
        /// Being pulled.
        pub progress: Vec<FileInfo> => "progress",
        /// Next.
        pub queued: Vec<FileInfo> => "queued",
        /// The others.
        pub rest: Vec<FileInfo> => "rest",
        /// Which page, from 1.
        pub page: i64 => "page",
        /// How many a page holds.
        pub per_page: i64 => "perpage",
    }
}

impl Need {
    /// How many files are on this page.
    pub fn len(&self) -> usize {
        self.progress.len() + self.queued.len() + self.rest.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

model! {
    /// A page of files: `GET /rest/db/remoteneed` and `/rest/db/localchanged`.
    pub struct FilePage {
        /// The files.
        pub files: Vec<FileInfo> => "files",
        /// Which page, from 1.
        pub page: i64 => "page",
        /// How many a page holds.
        pub per_page: i64 => "perpage",
    }
}

model! {
    /// The ignore patterns of a folder: `/rest/db/ignores`.
    pub struct Ignores {
        /// The lines of `.stignore`; none if there is no such file.
        pub ignore: Vec<String> => "ignore",
        /// The patterns in effect, includes resolved.
        pub expanded: Vec<String> => "expanded",
        /// What is wrong. With a wrong pattern the folder stops; since 1.28 an
        /// unknown folder is said here too.
        pub error: Option<String> => "error",
    }
}
