//! The types of events, with their data.

use sync_core::json::RawJson;

use super::{
    ChangeDetected, ClusterConfigReceived, DeviceConnected, DeviceDisconnected, DeviceDiscovered,
    DevicePaused, DeviceRejected, DeviceResumed, DownloadProgress, Failure, FolderCompletion,
    FolderErrorsChanged, FolderPaused, FolderRejected, FolderResumed, FolderScanProgress,
    FolderSummary, FolderWatchStateChanged, ItemFinished, ItemStarted, ListenAddressesChanged,
    LocalIndexUpdated, LoginAttempt, PendingDevicesChanged, PendingFoldersChanged,
    RemoteDownloadProgress, RemoteIndexUpdated, Starting, StartupComplete, StateChanged,
    UpgradeRestartScheduled,
};
use crate::model::{Config, DeviceId, FolderId, Version};
use crate::wire::{Read, text_enum};

/// Defines the types of events and what each carries, from one table.
macro_rules! event_kinds {
    ($($(#[$meta:meta])* $variant:ident($data:ty) = $text:literal),* $(,)?) => {
        text_enum! {
            /// A type of events: what `events=` asks for.
            pub enum EventType {
                $($(#[$meta])* $variant = $text,)*
            }
        }

        /// What happened.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$meta])* $variant($data),)*
            /// A type without a name here, or one whose data has another form
            /// than is known.
            Unknown {
                /// The type.
                type_name: String,
                /// The data, as sent.
                data: RawJson,
            },
        }

        impl EventKind {
            /// Finds the type and decodes the data. What cannot be decoded is
            /// kept as it is.
            pub(super) fn decode(type_name: String, data: RawJson) -> Self {
                let known = match type_name.as_str() {
                    $($text => serde_json::from_str(data.as_str())
                        .ok()
                        .map(|Read(data)| Self::$variant(data.unwrap_or_default())),)*
                    _ => None,
                };
                known.unwrap_or(Self::Unknown { type_name, data })
            }

            /// The type.
            pub fn event_type(&self) -> EventType {
                match self {
                    $(Self::$variant(_) => EventType::$variant,)*
                    Self::Unknown { type_name, .. } => EventType::from(type_name.as_str()),
                }
            }
        }
    };
}

event_kinds! {
    /// The process starts. Seldom seen: nobody can ask yet.
    Starting(Starting) = "Starting",
    /// All is up.
    StartupComplete(StartupComplete) = "StartupComplete",
    /// The configuration was changed; the whole of it.
    ConfigSaved(Box<Config>) = "ConfigSaved",
    /// Discovery found a device.
    DeviceDiscovered(DeviceDiscovered) = "DeviceDiscovered",
    /// A path to a device is up. Since 2.0 there may be several.
    DeviceConnected(DeviceConnected) = "DeviceConnected",
    /// A path to a device is down.
    DeviceDisconnected(DeviceDisconnected) = "DeviceDisconnected",
    /// A device was paused.
    DevicePaused(DevicePaused) = "DevicePaused",
    /// A device was resumed.
    DeviceResumed(DeviceResumed) = "DeviceResumed",
    /// An unknown device tried to connect. Deprecated: `PendingDevicesChanged`.
    DeviceRejected(DeviceRejected) = "DeviceRejected",
    /// Unknown devices tried to connect, or have been dealt with.
    PendingDevicesChanged(PendingDevicesChanged) = "PendingDevicesChanged",
    /// Folders were offered, or offers have been dealt with.
    PendingFoldersChanged(PendingFoldersChanged) = "PendingFoldersChanged",
    /// A folder was offered. Deprecated: `PendingFoldersChanged`.
    FolderRejected(FolderRejected) = "FolderRejected",
    /// A device has said which folders it shares. Since 1.20.
    ClusterConfigReceived(ClusterConfigReceived) = "ClusterConfigReceived",
    /// A folder was paused.
    FolderPaused(FolderPaused) = "FolderPaused",
    /// A folder was resumed.
    FolderResumed(FolderResumed) = "FolderResumed",
    /// A folder does something else now.
    StateChanged(StateChanged) = "StateChanged",
    /// How a folder is, after changes.
    FolderSummary(Box<FolderSummary>) = "FolderSummary",
    /// How far a device is with a folder, after changes.
    FolderCompletion(Box<FolderCompletion>) = "FolderCompletion",
    /// Items of a folder could not be pulled.
    FolderErrors(FolderErrorsChanged) = "FolderErrors",
    /// How far a scan is.
    FolderScanProgress(FolderScanProgress) = "FolderScanProgress",
    /// Watching for changes has failed, or works again.
    FolderWatchStateChanged(FolderWatchStateChanged) = "FolderWatchStateChanged",
    /// An item is about to be pulled.
    ItemStarted(ItemStarted) = "ItemStarted",
    /// An item was pulled, or could not be.
    ItemFinished(ItemFinished) = "ItemFinished",
    /// A scan or a pull changed the local index.
    LocalIndexUpdated(LocalIndexUpdated) = "LocalIndexUpdated",
    /// A device has told of changes.
    RemoteIndexUpdated(RemoteIndexUpdated) = "RemoteIndexUpdated",
    /// A scan found a change. Not in the default set.
    LocalChangeDetected(Box<ChangeDetected>) = "LocalChangeDetected",
    /// A change of another device was applied. Not in the default set.
    RemoteChangeDetected(Box<ChangeDetected>) = "RemoteChangeDetected",
    /// How far files are that are being pulled; none when all are done.
    DownloadProgress(DownloadProgress) = "DownloadProgress",
    /// How far files are that another device is pulling.
    RemoteDownloadProgress(RemoteDownloadProgress) = "RemoteDownloadProgress",
    /// A listener has other addresses.
    ListenAddressesChanged(Box<ListenAddressesChanged>) = "ListenAddressesChanged",
    /// Somebody logged in, or tried to.
    LoginAttempt(LoginAttempt) = "LoginAttempt",
    /// The daemon has found a fault in itself.
    Failure(Failure) = "Failure",
    /// The daemon will restart to upgrade. Since 2.0.15.
    UpgradeRestartScheduled(UpgradeRestartScheduled) = "UpgradeRestartScheduled",
}

impl Default for EventKind {
    fn default() -> Self {
        Self::Unknown {
            type_name: String::new(),
            data: RawJson::null(),
        }
    }
}

impl EventKind {
    /// The folder it is about, if it is about one.
    pub fn folder(&self) -> Option<&FolderId> {
        match self {
            Self::FolderRejected(data) => Some(&data.folder),
            Self::FolderPaused(data) => Some(&data.id),
            Self::FolderResumed(data) => Some(&data.id),
            Self::StateChanged(data) => Some(&data.folder),
            Self::FolderSummary(data) => Some(&data.folder),
            Self::FolderCompletion(data) => Some(&data.folder),
            Self::FolderErrors(data) => Some(&data.folder),
            Self::FolderScanProgress(data) => Some(&data.folder),
            Self::FolderWatchStateChanged(data) => Some(&data.folder),
            Self::ItemStarted(data) => Some(&data.folder),
            Self::ItemFinished(data) => Some(&data.folder),
            Self::LocalIndexUpdated(data) => Some(&data.folder),
            Self::RemoteIndexUpdated(data) => Some(&data.folder),
            Self::LocalChangeDetected(data) | Self::RemoteChangeDetected(data) => {
                Some(&data.folder)
            }
            Self::RemoteDownloadProgress(data) => Some(&data.folder),
            _ => None,
        }
    }

    /// The device it is about, if it is about one.
    pub fn device(&self) -> Option<&DeviceId> {
        match self {
            Self::DeviceDiscovered(data) => Some(&data.device),
            Self::DeviceConnected(data) => Some(&data.id),
            Self::DeviceDisconnected(data) => Some(&data.id),
            Self::DevicePaused(data) => Some(&data.device),
            Self::DeviceResumed(data) => Some(&data.device),
            Self::DeviceRejected(data) => Some(&data.device),
            Self::FolderRejected(data) => Some(&data.device),
            Self::ClusterConfigReceived(data) => Some(&data.device),
            Self::FolderCompletion(data) => Some(&data.device),
            Self::RemoteIndexUpdated(data) => Some(&data.device),
            Self::RemoteDownloadProgress(data) => Some(&data.device),
            _ => None,
        }
    }
}

impl EventType {
    /// The first version that sends it; `None` if every supported one does, or
    /// if it has no name here. A daemon ignores a name that it does not know,
    /// and if it knows none of them, it never answers with an event.
    pub fn since(&self) -> Option<Version> {
        match self {
            Self::ClusterConfigReceived => Some(Version::new(1, 20, 0)),
            Self::UpgradeRestartScheduled => Some(Version::new(2, 0, 15)),
            _ => None,
        }
    }

    /// Whether it is sent to who asks for no types. Those that are not are what
    /// `/rest/events/disk` sends.
    pub fn is_in_default_set(&self) -> bool {
        !matches!(self, Self::LocalChangeDetected | Self::RemoteChangeDetected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;

    fn event(kind: &str, data: &str) -> Event {
        let json = format!(r#"{{"id":1,"globalID":2,"type":"{kind}","data":{data}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn an_unknown_type_is_kept() {
        let event = event("MoonPhaseChanged", r#"{"phase": 0.10}"#);
        let EventKind::Unknown { type_name, data } = &event.kind else {
            panic!("{event:?}")
        };
        assert_eq!(type_name, "MoonPhaseChanged");
        assert_eq!(data.as_str(), r#"{"phase": 0.10}"#);
        assert_eq!(event.kind.event_type(), EventType::Other(type_name.clone()));
    }

    #[test]
    fn data_of_another_form_costs_one_event_only() {
        let json = r#"[
            {"id":1,"globalID":1,"time":"2026-11-21T06:16:48Z","type":"StateChanged","data":[1]},
            {"id":2,"globalID":2,"time":"noon","type":"StateChanged","data":{"folder":"a","to":"dancing"}},
            {"id":3,"globalID":3,"time":null,"type":"StateChanged"},
            {"id":4,"globalID":4,"type":"DevicePaused","data":{"device":"mistyped"}}
        ]"#;
        let events: Vec<Event> = serde_json::from_str(json).unwrap();
        let types: Vec<_> = events.iter().map(|event| event.kind.event_type()).collect();
        assert!(matches!(events[0].kind, EventKind::Unknown { .. }));
        assert!(matches!(events[3].kind, EventKind::Unknown { .. }));
        assert_eq!(types[0], EventType::StateChanged);
        let EventKind::StateChanged(data) = &events[1].kind else {
            panic!("{events:?}")
        };
        assert_eq!(data.to.as_str(), "dancing");
        assert_eq!(events[1].time, None);
        assert!(matches!(events[2].kind, EventKind::StateChanged(_)));
    }

    #[test]
    fn what_could_not_be_decoded_is_not_printed() {
        let event = event("ConfigSaved", r#"{"gui":{"apiKey":"hunter2"},"folders":7}"#);
        assert!(matches!(event.kind, EventKind::Unknown { .. }));
        assert!(!format!("{event:?}").contains("hunter2"));
    }

    #[test]
    fn a_failure_is_a_text_or_an_object() {
        let EventKind::Failure(text) = event("Failure", r#""index sender is gone""#).kind else {
            panic!()
        };
        assert_eq!(text.description, "index sender is gone");
        let object = r#"{"Description":"odd","Goroutines":"","Extra":{"batch":"7"},"New":1}"#;
        let EventKind::Failure(object) = event("Failure", object).kind else {
            panic!()
        };
        assert_eq!(
            (
                object.description.as_str(),
                object.details["batch"].as_str()
            ),
            ("odd", "7")
        );
        assert_eq!(object.extra.get::<u8>("New"), Some(1));
    }

    #[test]
    fn an_event_says_what_it_is_about() {
        let event = event(
            "StateChanged",
            r#"{"folder":"lab","from":"idle","to":"scanning"}"#,
        );
        assert_eq!(event.kind.folder().unwrap(), "lab");
        assert_eq!(event.kind.device(), None);
    }

    #[test]
    fn an_event_is_small() {
        assert!(size_of::<Event>() <= 256, "{}", size_of::<Event>());
    }

    #[test]
    fn every_type_has_its_data() {
        const ID: &str = "3CA5NYZ-LPETZRL-GQJZQP6-ET27JAQ-M6KL5YE-VB6GZZK-3IGHPB2-4OO4BQF";
        const URL: &str = r#"{"Scheme":"tcp","Opaque":"","User":null,"Host":"10.0.0.1:22000","Path":"",
            "RawPath":"","OmitHost":false,"ForceQuery":false,"RawQuery":"","Fragment":"","RawFragment":""}"#;
        let item = r#""folder":"f","item":"a/b","type":"dir","action":"metadata""#;
        let change = r#"{"folder":"f","folderID":"f","label":"F","action":"deleted","type":"symlink",
            "path":"a","modifiedBy":"3CA5NYZ"}"#;
        let completion = r#""completion":95,"globalBytes":1,"needBytes":0,"globalItems":1,"needItems":0,
            "needDeletes":1,"sequence":9,"remoteState":"valid""#;
        let types = [
            ("Starting", format!(r#"{{"home":"/h","myID":"{ID}"}}"#)),
            ("StartupComplete", format!(r#"{{"myID":"{ID}"}}"#)),
            (
                "ConfigSaved",
                String::from(r#"{"version":52,"folders":[]}"#),
            ),
            (
                "DeviceDiscovered",
                format!(r#"{{"device":"{ID}","addrs":["tcp://a"]}}"#),
            ),
            (
                "DeviceConnected",
                format!(
                    r#"{{"id":"{ID}","deviceName":"n","clientName":"c","clientVersion":"v","type":"relay-server"}}"#
                ),
            ),
            (
                "DeviceDisconnected",
                format!(r#"{{"id":"{ID}","error":"gone"}}"#),
            ),
            ("DevicePaused", format!(r#"{{"device":"{ID}"}}"#)),
            ("DeviceResumed", format!(r#"{{"device":"{ID}"}}"#)),
            (
                "DeviceRejected",
                format!(r#"{{"device":"{ID}","name":"n","address":"a"}}"#),
            ),
            (
                "PendingDevicesChanged",
                format!(
                    r#"{{"added":[{{"deviceID":"{ID}","name":"n","address":"a"}}],"removed":null}}"#
                ),
            ),
            (
                "PendingFoldersChanged",
                format!(
                    r#"{{"added":null,"removed":[{{"folderID":"f"}},{{"folderID":"g","deviceID":"{ID}"}}]}}"#
                ),
            ),
            (
                "FolderRejected",
                format!(r#"{{"device":"{ID}","folder":"f","folderLabel":"F"}}"#),
            ),
            ("ClusterConfigReceived", format!(r#"{{"device":"{ID}"}}"#)),
            ("FolderPaused", String::from(r#"{"id":"f","label":"F"}"#)),
            ("FolderResumed", String::from(r#"{"id":"f","label":"F"}"#)),
            (
                "StateChanged",
                String::from(
                    r#"{"folder":"f","from":"idle","to":"error","duration":1.5,"error":"full"}"#,
                ),
            ),
            (
                "FolderSummary",
                String::from(r#"{"folder":"f","summary":{"state":"idle"}}"#),
            ),
            (
                "FolderCompletion",
                format!(r#"{{"folder":"f","device":"{ID}",{completion}}}"#),
            ),
            (
                "FolderErrors",
                String::from(r#"{"folder":"f","errors":[{"path":"a","error":"b"}]}"#),
            ),
            (
                "FolderScanProgress",
                String::from(r#"{"folder":"f","current":1,"total":2,"rate":0.5}"#),
            ),
            (
                "FolderWatchStateChanged",
                String::from(r#"{"folder":"f","from":"too many","to":null}"#),
            ),
            ("ItemStarted", format!("{{{item}}}")),
            ("ItemFinished", format!(r#"{{{item},"error":"busy"}}"#)),
            (
                "LocalIndexUpdated",
                String::from(
                    r#"{"folder":"f","items":1,"sequence":2,"version":2,"filenames":["a"]}"#,
                ),
            ),
            (
                "RemoteIndexUpdated",
                format!(r#"{{"device":"{ID}","folder":"f","items":1,"sequence":2,"version":2}}"#),
            ),
            ("LocalChangeDetected", change.to_owned()),
            ("RemoteChangeDetected", change.to_owned()),
            (
                "DownloadProgress",
                String::from(
                    r#"{"f":{"a":{"total":2,"reused":0,"copiedFromOrigin":0,
                "copiedFromOriginShifted":0,"copiedFromElsewhere":0,"pulled":1,"pulling":1,"bytesDone":1,"bytesTotal":2}}}"#,
                ),
            ),
            (
                "RemoteDownloadProgress",
                format!(r#"{{"device":"{ID}","folder":"f","state":{{"a":3}}}}"#),
            ),
            (
                "ListenAddressesChanged",
                format!(r#"{{"address":{URL},"lan":[{URL}],"wan":null}}"#),
            ),
            (
                "LoginAttempt",
                String::from(
                    r#"{"success":false,"username":"u","remoteAddress":"::1","proxy":"p"}"#,
                ),
            ),
            (
                "Failure",
                String::from(r#"{"Description":"d","Goroutines":"g","Extra":{"a":"b"}}"#),
            ),
            (
                "UpgradeRestartScheduled",
                String::from(r#"{"delayS":60,"newVersion":"v2.1.4"}"#),
            ),
        ];
        for (name, data) in &types {
            let event = event(name, data);
            assert_eq!(event.kind.event_type().as_str(), *name);
            assert!(!matches!(event.kind, EventKind::Unknown { .. }), "{name}");
            let printed = format!("{event:?}");
            assert!(!printed.contains("extra: {\""), "{name}: {printed}");
        }
        let addresses = event("ListenAddressesChanged", &types[29].1);
        let EventKind::ListenAddressesChanged(addresses) = addresses.kind else {
            panic!()
        };
        assert_eq!(addresses.address.to_string(), "tcp://10.0.0.1:22000");
        let completion = event("FolderCompletion", &types[17].1);
        let EventKind::FolderCompletion(completion) = completion.kind else {
            panic!()
        };
        assert!(!completion.to_completion().is_complete());
    }
}
