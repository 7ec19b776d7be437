//! The daemon's options.

use super::Size;
use crate::wire::{model, text_enum};

fn list_of_default() -> Vec<String> {
    vec![String::from("default")]
}

model! {
    /// The daemon's options: `/rest/config/options`.
    ///
    /// Change them with `PATCH` only: a `PUT` resets what it leaves out, which
    /// turns discovery, relays and crash reports on again.
    pub struct Options {
        /// Where to listen: `tcp://:22000`, or `default`.
        pub listen_addresses: Vec<String> = list_of_default() => "listenAddresses",
        /// Discovery servers, or `default`.
        pub global_announce_servers: Vec<String> = list_of_default() => "globalAnnounceServers",
        /// Whether to announce to them and to ask them. Default true.
        pub global_announce_enabled: bool = true => "globalAnnounceEnabled",
        /// Whether to announce on the local network. Default true.
        pub local_announce_enabled: bool = true => "localAnnounceEnabled",
        /// The port for that over IPv4. Default 21027.
        pub local_announce_port: i64 = 21027 => "localAnnouncePort",
        /// The address for that over IPv6. Default `[ff12::8384]:21027`.
        pub local_announce_mc_addr: String = String::from("[ff12::8384]:21027") => "localAnnounceMCAddr",
        /// KiB per second to all devices; 0 for no limit.
        pub max_send_kbps: i64 => "maxSendKbps",
        /// KiB per second from all devices; 0 for no limit.
        pub max_recv_kbps: i64 => "maxRecvKbps",
        /// Seconds between attempts to connect. Default 20; 60 before 2.0.16.
        pub reconnection_interval_s: i64 = 20 => "reconnectionIntervalS",
        /// Whether relays are used. Default true.
        pub relays_enabled: bool = true => "relaysEnabled",
        /// Minutes between attempts to find a relay. Default 10.
        pub relay_reconnect_interval_m: i64 = 10 => "relayReconnectIntervalM",
        /// Whether a browser is opened at the start. Default true.
        pub start_browser: bool = true => "startBrowser",
        /// Whether routers are asked for a port. Default true.
        pub nat_enabled: bool = true => "natEnabled",
        /// Minutes to ask a port for. Default 60.
        pub nat_lease_minutes: i64 = 60 => "natLeaseMinutes",
        /// Minutes between renewals. Default 30.
        pub nat_renewal_minutes: i64 = 30 => "natRenewalMinutes",
        /// Seconds to wait for a router. Default 10.
        pub nat_timeout_seconds: i64 = 10 => "natTimeoutSeconds",
        /// The version of usage reports agreed to; 0 for undecided, -1 for none.
        pub ur_accepted: i64 => "urAccepted",
        /// The version that the user has been asked about.
        pub ur_seen: i64 => "urSeen",
        /// What reports of this installation are known by.
        pub ur_unique_id: String => "urUniqueId",
        /// Where reports go.
        pub ur_url: String = String::from("https://data.syncthing.net/newdata") => "urURL",
        /// Whether that server's certificate is not checked.
        pub ur_post_insecurely: bool => "urPostInsecurely",
        /// Seconds before the first report. Default 1800.
        pub ur_initial_delay_s: i64 = 1800 => "urInitialDelayS",
        /// Whether to restart after sleep. Until 1.20.4.
        pub restart_on_wakeup: Option<bool> => "restartOnWakeup",
        /// Hours between checks for an upgrade; 0 for none. Default 12.
        pub auto_upgrade_interval_h: i64 = 12 => "autoUpgradeIntervalH",
        /// Whether candidates count as upgrades.
        pub upgrade_to_pre_releases: bool => "upgradeToPreReleases",
        /// Hours that unfinished files are kept. Default 24.
        pub keep_temporaries_h: i64 = 24 => "keepTemporariesH",
        /// Whether results of ignore patterns are kept. Until 2.1.2.
        pub cache_ignored_files: Option<bool> => "cacheIgnoredFiles",
        /// Seconds between progress events; -1 for none. Default 5.
        pub progress_update_interval_s: i64 = 5 => "progressUpdateIntervalS",
        /// Whether limits apply on the local network too.
        pub limit_bandwidth_in_lan: bool => "limitBandwidthInLan",
        /// Free space below which nothing is stored in the daemon's own
        /// directory. Default 1 %.
        pub min_home_disk_free: Size = Size::percent(1.0) => "minHomeDiskFree",
        /// Where releases are listed.
        pub releases_url: String = String::from("https://upgrades.syncthing.net/meta.json") => "releasesURL",
        /// Networks that count as local, as `10.0.0.0/8`.
        pub always_local_nets: Vec<String> => "alwaysLocalNets",
        /// Whether names of devices are replaced by their own on each connect.
        pub overwrite_remote_device_names_on_connect: bool => "overwriteRemoteDeviceNamesOnConnect",
        /// Blocks from which parts of an unfinished file are offered. Default 10.
        pub temp_index_min_blocks: i64 = 10 => "tempIndexMinBlocks",
        /// Notes that the web interface shows until they are dismissed.
        pub unacked_notification_ids: Vec<String> => "unackedNotificationIDs",
        /// The type of service of packets.
        pub traffic_class: i64 => "trafficClass",
        /// Whether the process gets a low priority. Default true.
        pub set_low_priority: bool = true => "setLowPriority",
        /// Folders that scan or sync at a time; 0 for the number of CPUs, -1
        /// for no limit.
        pub max_folder_concurrency: i64 => "maxFolderConcurrency",
        /// Where crash reports go.
        pub cr_url: String = String::from("https://crash.syncthing.net/newcrash") => "crURL",
        /// Whether crashes are reported. Default true.
        pub crash_reporting_enabled: bool = true => "crashReportingEnabled",
        /// Seconds between STUN messages at first. Default 180.
        pub stun_keepalive_start_s: i64 = 180 => "stunKeepaliveStartS",
        /// Seconds between STUN messages at least. Default 20.
        pub stun_keepalive_min_s: i64 = 20 => "stunKeepaliveMinS",
        /// STUN servers, or `default`.
        pub stun_servers: Vec<String> = list_of_default() => "stunServers",
        /// How much memory the database may use. Until 1.30.
        pub database_tuning: Option<DatabaseTuning> => "databaseTuning",
        /// KiB of requests in work at a time; 0 for the default, -1 for no limit.
        pub max_concurrent_incoming_request_kib: i64 => "maxConcurrentIncomingRequestKiB",
        /// Whether local addresses are announced to discovery servers. Default true.
        pub announce_lan_addresses: bool = true => "announceLANAddresses",
        /// Whether all indexes are sent anew after an upgrade.
        pub send_full_index_on_upgrade: bool => "sendFullIndexOnUpgrade",
        /// Experimental features that are on.
        pub feature_flags: Vec<String> => "featureFlags",
        /// Whether security events are logged. Since 1.29.6.
        pub audit_enabled: Option<bool> => "auditEnabled",
        /// Where they are logged; `-` and `--` are standard output and error.
        /// Since 1.29.6.
        pub audit_file: Option<String> => "auditFile",
        /// Connections from which none are made; 0 for no limit.
        pub connection_limit_enough: i64 => "connectionLimitEnough",
        /// Connections from which none are taken; 0 for no limit.
        pub connection_limit_max: i64 => "connectionLimitMax",
        /// Whether TLS 1.2 is taken from devices. Until 1.29.5.
        pub insecure_allow_old_tls_versions: Option<bool> => "insecureAllowOldTLSVersions",
        /// The rank of local TCP; lower is better. Default 10. Since 1.23.5,
        /// as the others.
        pub connection_priority_tcp_lan: Option<i64> => "connectionPriorityTcpLan",
        /// The rank of local QUIC. Default 20.
        pub connection_priority_quic_lan: Option<i64> => "connectionPriorityQuicLan",
        /// The rank of remote TCP. Default 30.
        pub connection_priority_tcp_wan: Option<i64> => "connectionPriorityTcpWan",
        /// The rank of remote QUIC. Default 40.
        pub connection_priority_quic_wan: Option<i64> => "connectionPriorityQuicWan",
        /// The rank of relays. Default 50.
        pub connection_priority_relay: Option<i64> => "connectionPriorityRelay",
        /// How much better a rank must be to replace a connection. Default 0.
        pub connection_priority_upgrade_threshold: Option<i64> => "connectionPriorityUpgradeThreshold",
    }
}

text_enum! {
    /// How much memory the database of 1.x may use.
    #[derive(Default)]
    pub enum DatabaseTuning {
        /// By the size of the database.
        #[default]
        Auto = "auto",
        /// Little.
        Small = "small",
        /// Much.
        Large = "large",
    }
}
