//! The keys of the configuration in all daemons from 1.19 to 2.1, with the kind
//! of their values, from the daemon's release tags.

use Kind::*;

/// What a key's value is.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Bool,
    Int,
    Float,
    Text,
    Texts,
    /// A text, usually one of these.
    Enum(&'static [&'static str]),
    Device,
    /// Empty for none.
    MaybeDevice,
    Time,
    /// Texts by name.
    Params,
    Object(&'static [Field]),
    List(&'static [Field]),
}

/// A key of an object.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    /// Whether every version has it.
    pub(crate) is_in_all: bool,
}

const fn all(key: &'static str, kind: Kind) -> Field {
    Field {
        key,
        kind,
        is_in_all: true,
    }
}

const fn some(key: &'static str, kind: Kind) -> Field {
    Field {
        key,
        kind,
        is_in_all: false,
    }
}

pub(crate) const CONFIG: &[Field] = &[
    all("version", Int),
    all("folders", List(FOLDER)),
    all("devices", List(DEVICE)),
    all("gui", Object(GUI)),
    all("ldap", Object(LDAP)),
    all("options", Object(OPTIONS)),
    all("remoteIgnoredDevices", List(OBSERVED_DEVICE)),
    all("defaults", Object(DEFAULTS)),
];

const DEFAULTS: &[Field] = &[
    all("folder", Object(FOLDER)),
    all("device", Object(DEVICE)),
    all("ignores", Object(IGNORES)),
];

const IGNORES: &[Field] = &[all("lines", Texts)];

const FOLDER: &[Field] = &[
    all("id", Text),
    all("label", Text),
    all("filesystemType", Enum(&["basic", "fake"])),
    all("path", Text),
    all(
        "type",
        Enum(&["sendreceive", "sendonly", "receiveonly", "receiveencrypted"]),
    ),
    all("devices", List(FOLDER_DEVICE)),
    all("rescanIntervalS", Int),
    all("fsWatcherEnabled", Bool),
    all("fsWatcherDelayS", Float),
    all("ignorePerms", Bool),
    all("autoNormalize", Bool),
    all("minDiskFree", Object(SIZE)),
    all("versioning", Object(VERSIONING)),
    all("copiers", Int),
    all("pullerMaxPendingKiB", Int),
    all("hashers", Int),
    all(
        "order",
        Enum(&[
            "random",
            "alphabetic",
            "smallestFirst",
            "largestFirst",
            "oldestFirst",
            "newestFirst",
        ]),
    ),
    all("ignoreDelete", Bool),
    all("scanProgressIntervalS", Int),
    all("pullerPauseS", Int),
    all("maxConflicts", Int),
    all("disableSparseFiles", Bool),
    some("disableTempIndexes", Bool),
    all("paused", Bool),
    some("weakHashThresholdPct", Int),
    all("markerName", Text),
    all("copyOwnershipFromParent", Bool),
    all("modTimeWindowS", Int),
    all("maxConcurrentWrites", Int),
    all("disableFsync", Bool),
    all("blockPullOrder", Enum(&["standard", "random", "inOrder"])),
    all(
        "copyRangeMethod",
        Enum(&[
            "standard",
            "ioctl",
            "copy_file_range",
            "sendfile",
            "duplicate_extents",
            "all",
        ]),
    ),
    all("caseSensitiveFS", Bool),
    all("junctionsAsDirs", Bool),
    some("syncOwnership", Bool),
    some("scanOwnership", Bool),
    some("sendOwnership", Bool),
    some("syncXattrs", Bool),
    some("sendXattrs", Bool),
    some("xattrFilter", Object(XATTR_FILTER)),
    some("fsWatcherTimeoutS", Float),
    some("pullerDelayS", Float),
    some("group", Text),
    some("blockIndexing", Bool),
];

const FOLDER_DEVICE: &[Field] = &[
    all("deviceID", Device),
    all("introducedBy", MaybeDevice),
    all("encryptionPassword", Text),
];

const VERSIONING: &[Field] = &[
    all(
        "type",
        Enum(&["", "simple", "trashcan", "staggered", "external"]),
    ),
    all("params", Params),
    all("cleanupIntervalS", Int),
    all("fsPath", Text),
    all("fsType", Enum(&["basic", "fake"])),
];

const SIZE: &[Field] = &[all("value", Float), all("unit", Text)];

/// Since 1.22, with all its keys.
const XATTR_FILTER: &[Field] = &[
    all("entries", List(XATTR_RULE)),
    all("maxSingleEntrySize", Int),
    all("maxTotalSize", Int),
];

const DEVICE: &[Field] = &[
    all("deviceID", Device),
    all("name", Text),
    all("addresses", Texts),
    all("compression", Enum(&["metadata", "never", "always"])),
    all("certName", Text),
    all("introducer", Bool),
    all("skipIntroductionRemovals", Bool),
    all("introducedBy", MaybeDevice),
    all("paused", Bool),
    all("allowedNetworks", Texts),
    all("autoAcceptFolders", Bool),
    all("maxSendKbps", Int),
    all("maxRecvKbps", Int),
    all("ignoredFolders", List(OBSERVED_FOLDER)),
    all("maxRequestKiB", Int),
    all("untrusted", Bool),
    all("remoteGUIPort", Int),
    some("numConnections", Int),
    some("group", Text),
];

const GUI: &[Field] = &[
    all("enabled", Bool),
    all("address", Text),
    all("unixSocketPermissions", Text),
    all("user", Text),
    all("password", Text),
    all("authMode", Enum(&["static", "ldap"])),
    all("useTLS", Bool),
    all("apiKey", Text),
    all("insecureAdminAccess", Bool),
    all("theme", Text),
    some("debugging", Bool),
    all("insecureSkipHostcheck", Bool),
    all("insecureAllowFrameLoading", Bool),
    some("sendBasicAuthPrompt", Bool),
    some("metricsWithoutAuth", Bool),
    some("sessionCookieDurationS", Int),
    some("sessionCookiePath", Text),
];

const OPTIONS: &[Field] = &[
    all("listenAddresses", Texts),
    all("globalAnnounceServers", Texts),
    all("globalAnnounceEnabled", Bool),
    all("localAnnounceEnabled", Bool),
    all("localAnnouncePort", Int),
    all("localAnnounceMCAddr", Text),
    all("maxSendKbps", Int),
    all("maxRecvKbps", Int),
    all("reconnectionIntervalS", Int),
    all("relaysEnabled", Bool),
    all("relayReconnectIntervalM", Int),
    all("startBrowser", Bool),
    all("natEnabled", Bool),
    all("natLeaseMinutes", Int),
    all("natRenewalMinutes", Int),
    all("natTimeoutSeconds", Int),
    all("urAccepted", Int),
    all("urSeen", Int),
    all("urUniqueId", Text),
    all("urURL", Text),
    all("urPostInsecurely", Bool),
    all("urInitialDelayS", Int),
    some("restartOnWakeup", Bool),
    all("autoUpgradeIntervalH", Int),
    all("upgradeToPreReleases", Bool),
    all("keepTemporariesH", Int),
    some("cacheIgnoredFiles", Bool),
    all("progressUpdateIntervalS", Int),
    all("limitBandwidthInLan", Bool),
    all("minHomeDiskFree", Object(SIZE)),
    all("releasesURL", Text),
    all("alwaysLocalNets", Texts),
    all("overwriteRemoteDeviceNamesOnConnect", Bool),
    all("tempIndexMinBlocks", Int),
    all("unackedNotificationIDs", Texts),
    all("trafficClass", Int),
    all("setLowPriority", Bool),
    all("maxFolderConcurrency", Int),
    all("crURL", Text),
    all("crashReportingEnabled", Bool),
    all("stunKeepaliveStartS", Int),
    all("stunKeepaliveMinS", Int),
    all("stunServers", Texts),
    some("databaseTuning", Enum(&["auto", "small", "large"])),
    all("maxConcurrentIncomingRequestKiB", Int),
    all("announceLANAddresses", Bool),
    all("sendFullIndexOnUpgrade", Bool),
    all("featureFlags", Texts),
    all("connectionLimitEnough", Int),
    all("connectionLimitMax", Int),
    some("insecureAllowOldTLSVersions", Bool),
    some("connectionPriorityTcpLan", Int),
    some("connectionPriorityQuicLan", Int),
    some("connectionPriorityTcpWan", Int),
    some("connectionPriorityQuicWan", Int),
    some("connectionPriorityRelay", Int),
    some("connectionPriorityUpgradeThreshold", Int),
    some("auditEnabled", Bool),
    some("auditFile", Text),
];

const LDAP: &[Field] = &[
    all("address", Text),
    all("bindDN", Text),
    all("transport", Enum(&["plain", "tls", "starttls"])),
    all("insecureSkipVerify", Bool),
    all("searchBaseDN", Text),
    all("searchFilter", Text),
];

const OBSERVED_FOLDER: &[Field] = &[all("time", Time), all("id", Text), all("label", Text)];

const OBSERVED_DEVICE: &[Field] = &[
    all("time", Time),
    all("deviceID", Device),
    all("name", Text),
    all("address", Text),
];

const XATTR_RULE: &[Field] = &[all("match", Text), all("permit", Bool)];
