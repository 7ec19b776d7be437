//! Every endpoint of the REST API: name, method, path, and which daemons have it.
//!
//! The one list that the client, its errors and the coverage test go by.
//! Versions from the daemon's release tags 1.19.0 to 2.1.3.

use sync_core::Operation;

use crate::model::Version;

/// One endpoint.
#[derive(Debug)]
pub struct Endpoint {
    operation: Operation,
    since: Option<Version>,
    until: Option<Version>,
}

impl Endpoint {
    /// Name, method, path and idempotency.
    pub const fn operation(&'static self) -> &'static Operation {
        &self.operation
    }

    /// The first daemon that has it; `None` when every supported daemon (1.19
    /// and newer) does.
    pub const fn since(&self) -> Option<&Version> {
        self.since.as_ref()
    }

    /// The first daemon that has it no more.
    pub const fn until(&self) -> Option<&Version> {
        self.until.as_ref()
    }

    /// All endpoints.
    pub fn all() -> &'static [&'static Self] {
        ALL
    }

    /// The endpoint of an operation's name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter()
            .copied()
            .find(|endpoint| endpoint.operation.name() == name)
    }
}

macro_rules! endpoints {
    ($(
        $ident:ident = $method:ident $($idempotency:ident)? $name:literal $path:literal
            $(, since $since:tt)? $(, until $until:tt)?;
    )*) => {
        $(
            pub(crate) static $ident: Endpoint = Endpoint {
                operation: Operation::$method("syncthing", $name, $path) $(.$idempotency())?,
                since: endpoints!(@version $($since)?),
                until: endpoints!(@version $($until)?),
            };
        )*

        static ALL: &[&Endpoint] = &[$(&$ident),*];
    };
    (@version) => { None };
    (@version ($major:literal, $minor:literal, $patch:literal)) => {
        Some(Version::new($major, $minor, $patch))
    };
}

// PATCH and the POSTs that set a state are idempotent: doing them twice leaves
// what doing them once leaves.
endpoints! {
    HEALTH = get "noauth.health" "/rest/noauth/health", since (1, 22, 1);
    LOGIN = post "noauth.login" "/rest/noauth/auth/password", since (1, 26, 0);
    LOGOUT = post idempotent "noauth.logout" "/rest/noauth/auth/logout", since (1, 26, 0);

    PING = get "system.ping" "/rest/system/ping";
    PING_POST = post idempotent "system.ping.post" "/rest/system/ping";
    VERSION = get "system.version" "/rest/system/version";
    STATUS = get "system.status" "/rest/system/status";
    CONNECTIONS = get "system.connections" "/rest/system/connections";
    DISCOVERY = get "system.discovery" "/rest/system/discovery";
    ERRORS = get "system.errors" "/rest/system/error";
    ERROR_REPORT = post "system.error.report" "/rest/system/error";
    ERROR_CLEAR = post idempotent "system.error.clear" "/rest/system/error/clear";
    LOG = get "system.log" "/rest/system/log";
    LOG_TEXT = get "system.log.text" "/rest/system/log.txt";
    DEBUG_FACILITIES = get "system.debug" "/rest/system/debug", until (2, 0, 0);
    DEBUG_SET = post idempotent "system.debug.set" "/rest/system/debug", until (2, 0, 0);
    LOG_LEVELS = get "system.loglevels" "/rest/system/loglevels", since (2, 0, 0);
    LOG_LEVELS_SET = post idempotent "system.loglevels.set" "/rest/system/loglevels", since (2, 0, 0);
    PATHS = get "system.paths" "/rest/system/paths", since (1, 21, 0);
    DIRECTORIES = get "system.browse" "/rest/system/browse";
    UPGRADE_CHECK = get "system.upgrade.check" "/rest/system/upgrade";
    UPGRADE = post "system.upgrade" "/rest/system/upgrade";
    RESTART = post "system.restart" "/rest/system/restart";
    SHUTDOWN = post "system.shutdown" "/rest/system/shutdown";
    RESET = post "system.reset" "/rest/system/reset";
    PAUSE = post idempotent "system.pause" "/rest/system/pause";
    RESUME = post idempotent "system.resume" "/rest/system/resume";
    SYSTEM_CONFIG = get "system.config" "/rest/system/config";
    SYSTEM_CONFIG_SET = post idempotent "system.config.set" "/rest/system/config";
    SYSTEM_CONFIG_INSYNC = get "system.config.insync" "/rest/system/config/insync";

    CONFIG = get "config" "/rest/config";
    CONFIG_PUT = put "config.put" "/rest/config";
    CONFIG_RESTART_REQUIRED = get "config.restart-required" "/rest/config/restart-required";
    CONFIG_INSYNC = get "config.insync" "/rest/config/insync";
    FOLDERS = get "config.folders" "/rest/config/folders";
    FOLDERS_PUT = put "config.folders.put" "/rest/config/folders";
    FOLDERS_POST = post idempotent "config.folders.post" "/rest/config/folders";
    FOLDER = get "config.folder" "/rest/config/folders/{folder}";
    FOLDER_PUT = put "config.folder.put" "/rest/config/folders/{folder}";
    FOLDER_PATCH = patch idempotent "config.folder.patch" "/rest/config/folders/{folder}";
    FOLDER_DELETE = delete "config.folder.delete" "/rest/config/folders/{folder}";
    DEVICES = get "config.devices" "/rest/config/devices";
    DEVICES_PUT = put "config.devices.put" "/rest/config/devices";
    DEVICES_POST = post idempotent "config.devices.post" "/rest/config/devices";
    DEVICE = get "config.device" "/rest/config/devices/{device}";
    DEVICE_PUT = put "config.device.put" "/rest/config/devices/{device}";
    DEVICE_PATCH = patch idempotent "config.device.patch" "/rest/config/devices/{device}";
    DEVICE_DELETE = delete "config.device.delete" "/rest/config/devices/{device}";
    DEFAULTS_FOLDER = get "config.defaults.folder" "/rest/config/defaults/folder";
    DEFAULTS_FOLDER_PUT = put "config.defaults.folder.put" "/rest/config/defaults/folder";
    DEFAULTS_FOLDER_PATCH = patch idempotent "config.defaults.folder.patch" "/rest/config/defaults/folder";
    DEFAULTS_DEVICE = get "config.defaults.device" "/rest/config/defaults/device";
    DEFAULTS_DEVICE_PUT = put "config.defaults.device.put" "/rest/config/defaults/device";
    DEFAULTS_DEVICE_PATCH = patch idempotent "config.defaults.device.patch" "/rest/config/defaults/device";
    DEFAULTS_IGNORES = get "config.defaults.ignores" "/rest/config/defaults/ignores";
    DEFAULTS_IGNORES_PUT = put "config.defaults.ignores.put" "/rest/config/defaults/ignores";
    OPTIONS = get "config.options" "/rest/config/options";
    OPTIONS_PUT = put "config.options.put" "/rest/config/options";
    OPTIONS_PATCH = patch idempotent "config.options.patch" "/rest/config/options";
    GUI = get "config.gui" "/rest/config/gui";
    GUI_PUT = put "config.gui.put" "/rest/config/gui";
    GUI_PATCH = patch idempotent "config.gui.patch" "/rest/config/gui";
    LDAP = get "config.ldap" "/rest/config/ldap";
    LDAP_PUT = put "config.ldap.put" "/rest/config/ldap";
    LDAP_PATCH = patch idempotent "config.ldap.patch" "/rest/config/ldap";

    PENDING_DEVICES = get "cluster.pending.devices" "/rest/cluster/pending/devices";
    PENDING_DEVICE_DELETE = delete "cluster.pending.device.delete" "/rest/cluster/pending/devices";
    PENDING_FOLDERS = get "cluster.pending.folders" "/rest/cluster/pending/folders";
    PENDING_FOLDER_DELETE = delete "cluster.pending.folder.delete" "/rest/cluster/pending/folders";

    DB_STATUS = get "db.status" "/rest/db/status";
    DB_COMPLETION = get "db.completion" "/rest/db/completion";
    DB_BROWSE = get "db.browse" "/rest/db/browse";
    DB_FILE = get "db.file" "/rest/db/file";
    DB_NEED = get "db.need" "/rest/db/need";
    DB_REMOTE_NEED = get "db.remoteneed" "/rest/db/remoteneed";
    DB_LOCAL_CHANGED = get "db.localchanged" "/rest/db/localchanged";
    DB_IGNORES = get "db.ignores" "/rest/db/ignores";
    DB_IGNORES_SET = post idempotent "db.ignores.set" "/rest/db/ignores";
    DB_SCAN = post idempotent "db.scan" "/rest/db/scan";
    DB_PRIO = post idempotent "db.prio" "/rest/db/prio";
    DB_OVERRIDE = post "db.override" "/rest/db/override";
    DB_REVERT = post "db.revert" "/rest/db/revert";

    FOLDER_ERRORS = get "folder.errors" "/rest/folder/errors";
    FOLDER_PULL_ERRORS = get "folder.pullerrors" "/rest/folder/pullerrors";
    FOLDER_VERSIONS = get "folder.versions" "/rest/folder/versions";
    FOLDER_VERSIONS_RESTORE = post "folder.versions.restore" "/rest/folder/versions";

    STATS_DEVICE = get "stats.device" "/rest/stats/device";
    STATS_FOLDER = get "stats.folder" "/rest/stats/folder";

    EVENTS = get "events" "/rest/events";
    EVENTS_DISK = get "events.disk" "/rest/events/disk";

    SVC_DEVICE_ID = get "svc.deviceid" "/rest/svc/deviceid";
    SVC_LANG = get "svc.lang" "/rest/svc/lang";
    SVC_RANDOM = get "svc.random" "/rest/svc/random/string";
    SVC_REPORT = get "svc.report" "/rest/svc/report";

    DEBUG_FILE = get "debug.file" "/rest/debug/file";
    DEBUG_HEAP = get "debug.heapprof" "/rest/debug/heapprof";
    DEBUG_CPU = get "debug.cpuprof" "/rest/debug/cpuprof";
    DEBUG_SUPPORT = get "debug.support" "/rest/debug/support";
    DEBUG_PEER_COMPLETION = get "debug.peerCompletion" "/rest/debug/peerCompletion", until (2, 0, 0);
    DEBUG_HTTP_METRICS = get "debug.httpmetrics" "/rest/debug/httpmetrics", until (2, 0, 0);
    METRICS = get "metrics" "/metrics", since (1, 24, 0);
    QR = get "qr" "/qr/";
    META = get "meta" "/meta.js";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for endpoint in Endpoint::all() {
            let name = endpoint.operation().name();
            assert!(
                std::ptr::eq(Endpoint::named(name).unwrap(), *endpoint),
                "{name}"
            );
        }
    }
}
