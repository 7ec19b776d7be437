//! A file, as the daemon's index has it.

use std::ops::BitOr;

use serde::{Deserialize, Serialize};

use super::FileType;
use crate::model::{DeviceId, ShortId, Time};
use crate::wire::{model, via_serde};

model! {
    /// A file, directory or link of the index.
    pub struct FileInfo {
        /// The path in the folder, with `/`. May be empty in
        /// [`FileLookup::local`] if the file is not here.
        pub name: String => "name",
        /// What it is.
        pub file_type: FileType => "type",
        /// Bytes; of a directory or link a constant, 128 or 0.
        pub size: i64 => "size",
        /// Whether it has been deleted.
        pub deleted: bool => "deleted",
        /// Whether it takes no part in syncing, for one of the next reasons.
        pub invalid: bool => "invalid",
        /// Whether an ignore pattern matches.
        pub ignored: bool => "ignored",
        /// Whether the index is known to be wrong.
        pub must_rescan: bool => "mustRescan",
        /// Whether `permissions` mean nothing.
        pub no_permissions: bool => "noPermissions",
        /// Permission bits, octal.
        pub permissions: Option<String> => "permissions",
        /// When its content was changed.
        pub modified: Option<Time> => "modified",
        /// When its inode was changed. 1.22 to 2.0.16.
        pub inode_change: Option<Time> => "inodeChange",
        /// Who made this version.
        pub modified_by: Option<ShortId> => "modifiedBy",
        /// Where it is in the index.
        pub sequence: i64 => "sequence",
        /// The version: a counter of each device that changed it, as
        /// `SHORTID:COUNTER`.
        pub version: Vec<String> => "version",
        /// Why it takes no part, among others.
        pub local_flags: LocalFlags => "localFlags",
        /// Blocks of the content.
        pub num_blocks: Option<i64> => "numBlocks",
        /// The hash of the blocks' hashes, in base 64. Since 1.23.3.
        pub blocks_hash: Option<String> => "blocksHash",
        /// That of the version before. Since 2.0.10.
        pub previous_blocks_hash: Option<String> => "previousBlocksHash",
        /// Owners and extended attributes. Since 1.22.
        pub platform: Option<Box<PlatformData>> => "platform",
    }
}

model! {
    /// What is known of one file: `GET /rest/db/file` and `/rest/debug/file`.
    pub struct FileLookup {
        /// The version that all devices should have.
        pub global: FileInfo => "global",
        /// The version of this device.
        pub local: FileInfo => "local",
        /// Who has the global version.
        pub availability: Vec<Availability> => "availability",
        /// How a modification time that the file system cannot hold is mapped.
        /// Until 1.30.
        pub mtime: Option<MtimeMapping> => "mtime",
        /// All versions, for people to read. Only of `/rest/debug/file`, until 1.30.
        pub global_versions: Option<String> => "globalVersions",
    }
}

model! {
    /// A device that has a file.
    ///
    /// Daemons up to 1.30 send a mere device ID in `/rest/debug/file`, where the
    /// ID of all ones stands for this device.
    pub struct Availability {
        /// The device.
        pub id: DeviceId => "id",
        /// Whether it has a part only, in an unfinished file.
        pub from_temporary: bool => "fromTemporary",
    }
    or text as id
}

model! {
    /// How a modification time that the file system cannot hold is mapped.
    pub struct MtimeMapping {
        /// Why it is not known.
        pub error: Option<String> => "err",
        /// The two times; both `None` if there is no mapping.
        pub value: MtimeValue => "value",
    }
}

model! {
    /// The two times of an [`MtimeMapping`].
    pub struct MtimeValue {
        /// What the file system says.
        pub real: Option<Time> => "real",
        /// What is meant.
        pub virtual_time: Option<Time> => "virtual",
    }
}

model! {
    /// What systems know of a file that others do not.
    pub struct PlatformData {
        /// Its owner on Unix.
        pub unix: Option<UnixOwner> => "Unix" | "unix",
        /// Its owner on Windows.
        pub windows: Option<WindowsOwner> => "Windows" | "windows",
        /// Its extended attributes on Linux.
        pub linux: Option<Xattrs> => "Linux" | "linux",
        /// Its extended attributes on macOS.
        pub darwin: Option<Xattrs> => "Darwin" | "darwin",
        /// Its extended attributes on FreeBSD.
        pub freebsd: Option<Xattrs> => "FreeBSD" | "freebsd",
        /// Its extended attributes on NetBSD.
        pub netbsd: Option<Xattrs> => "NetBSD" | "netbsd",
    }
}

model! {
    /// An owner on Unix.
    pub struct UnixOwner {
        /// The user's name, if known.
        pub owner_name: String => "OwnerName" | "ownerName",
        /// The group's name, if known.
        pub group_name: String => "GroupName" | "groupName",
        /// The user's number.
        pub uid: i64 => "UID" | "uid",
        /// The group's number.
        pub gid: i64 => "GID" | "gid",
    }
}

model! {
    /// An owner on Windows.
    pub struct WindowsOwner {
        /// The owner's name.
        pub owner_name: String => "owner_name" | "ownerName" | "OwnerName",
        /// Whether it is a group.
        pub owner_is_group: bool => "owner_is_group" | "ownerIsGroup" | "OwnerIsGroup",
    }
}

model! {
    /// Extended attributes.
    pub struct Xattrs {
        /// The attributes.
        pub xattrs: Vec<Xattr> => "Xattrs" | "xattrs",
    }
}

model! {
    /// An extended attribute.
    pub struct Xattr {
        /// Its name.
        pub name: String => "Name" | "name",
        /// Its value, in base 64.
        pub value: String => "Value" | "value",
    }
}

/// Flags that this device keeps with a file, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LocalFlags(u32);

impl LocalFlags {
    /// The system cannot hold it.
    pub const UNSUPPORTED: Self = Self(1);
    /// An ignore pattern matches.
    pub const IGNORED: Self = Self(1 << 1);
    /// The index is known to be wrong.
    pub const MUST_RESCAN: Self = Self(1 << 2);
    /// Changed here in a receive-only folder.
    pub const RECEIVE_ONLY: Self = Self(1 << 3);
    /// The version that all should have. Since 2.0.
    pub const GLOBAL: Self = Self(1 << 4);
    /// Needed here. Since 2.0.
    pub const NEEDED: Self = Self(1 << 5);
    /// The device that sent it says it takes no part. Since 2.0.
    pub const REMOTE_INVALID: Self = Self(1 << 6);

    /// All bits, those without a name too.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of these are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for LocalFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

via_serde!(LocalFlags);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_a_file_is_said_in_two_ways() {
        let id = "3CA5NYZ-LPETZRL-GQJZQP6-ET27JAQ-M6KL5YE-VB6GZZK-3IGHPB2-4OO4BQF";
        let json = format!(r#"["{id}", {{"id": "{id}", "fromTemporary": true, "new": 1.0}}]"#);
        let read: Vec<Availability> = serde_json::from_str(&json).unwrap();
        assert_eq!(read[0].id, read[1].id);
        assert_eq!(read[0].id.to_string(), id);
        assert!(!read[0].from_temporary && read[1].from_temporary);
        assert_eq!(read[1].extra.len(), 1);
        assert!(serde_json::from_str::<Availability>("7").is_err());
        assert!(serde_json::from_str::<Availability>(r#""mistyped""#).is_err());
    }

    #[test]
    fn owners_have_two_spellings() {
        for json in [
            r#"{"unix":{"ownerName":"lab","uid":1},"windows":null}"#,
            r#"{"Unix":{"OwnerName":"lab","UID":1},"Windows":null}"#,
        ] {
            let data: PlatformData = serde_json::from_str(json).unwrap();
            let owner = data.unix.unwrap();
            assert_eq!((owner.owner_name.as_str(), owner.uid), ("lab", 1));
            assert!(data.extra.is_empty() && owner.extra.is_empty());
        }
    }

    #[test]
    fn flags_are_bits() {
        let flags: LocalFlags = serde_json::from_str("264").unwrap();
        assert!(flags.contains(LocalFlags::RECEIVE_ONLY));
        assert!(!flags.contains(LocalFlags::RECEIVE_ONLY | LocalFlags::IGNORED));
        assert_eq!(serde_json::to_string(&flags).unwrap(), "264");
    }
}
