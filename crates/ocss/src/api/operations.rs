//! Every operation, by name and default path, and what each kind of resource
//! supports.

use sync_core::Operation;

use crate::client::{KindInfo, Role, Space};

macro_rules! operations {
    ($($ident:ident = $method:ident $name:literal $path:literal;)*) => {
        $(pub(crate) static $ident: Operation = Operation::$method("ocss", $name, $path);)*
    };
}

/// Not repeated when it may have arrived: the old password would be wrong, and
/// nobody can read whether the new one is in force.
static ACTIVESYNC_PASSWORD: Operation =
    Operation::put("ocss", "activesync.update", "/services/activesync/{id}").not_idempotent();

operations! {
    VENDORS_LIST = get "vendors.list" "/phones/vendors/";
    VENDORS_GET = get "vendors.get" "/phones/vendors/{id}";

    MODELS_LIST = get "models.list" "/phones/models/";
    MODELS_GET = get "models.get" "/phones/models/{id}";
    DETECT_AUTO = get "models.detect_auto" "/phones/detect/auto";
    DETECT_MANUAL = post "models.detect_manual" "/phones/detect/manual";
    DETECT_POLL = get "models.detect_poll" "/phones/detect/poll";

    CLIENTS_LIST = get "clients.list" "/services/";
    CLIENTS_GET = get "clients.get" "/services/{id}";

    BINDINGS_LIST = get "bindings.list" "/syncengine/bindings/";
    BINDINGS_GET = get "bindings.get" "/syncengine/bindings/{id}";
    BINDINGS_NEW = post "bindings.new" "/syncengine/bindings/";
    BINDINGS_UPDATE = put "bindings.update" "/syncengine/bindings/{id}";
    BINDINGS_DELETE = delete "bindings.delete" "/syncengine/bindings/{id}";

    SYNCML_LIST = get "syncml.list" "/services/syncml/";
    SYNCML_GET = get "syncml.get" "/services/syncml/{id}";
    SYNCML_NEW = post "syncml.new" "/services/syncml/";
    SYNCML_DELETE = delete "syncml.delete" "/services/syncml/{id}";
    SYNCML_SETUP = post "syncml.send_setup" "/services/syncml/{id}/setup/";
    SYNCML_SYNC = post "syncml.sync" "/services/syncml/{id}/sync/";

    ACTIVESYNC_LIST = get "activesync.list" "/services/activesync/";
    ACTIVESYNC_GET = get "activesync.get" "/services/activesync/{id}";
    ACTIVESYNC_NEW = post "activesync.new" "/services/activesync/";
    ACTIVESYNC_UPDATE = put "activesync.update" "/services/activesync/{id}";
    ACTIVESYNC_DELETE = delete "activesync.delete" "/services/activesync/{id}";

    DATASTORE_LIST = get "datastore.list" "/services/datastore/";
    DATASTORE_GET = get "datastore.get" "/services/datastore/{id}";
    DATASTORE_NEW = post "datastore.new" "/services/datastore/";
    DATASTORE_UPDATE = put "datastore.update" "/services/datastore/{id}";
    DATASTORE_DELETE = delete "datastore.delete" "/services/datastore/{id}";

    CONTENTS_LIST = get "contents.list" "/services/datastore/{client}/content/";
    CONTENTS_GET = get "contents.get" "/services/datastore/{client}/content/{id}";
    CONTENTS_NEW = post "contents.new" "/services/datastore/{client}/content/";
    CONTENTS_UPDATE = put "contents.update" "/services/datastore/{client}/content/{id}";
    CONTENTS_DELETE = delete "contents.delete" "/services/datastore/{client}/content/{id}";
    CONTENTS_DATA = get "contents.data" "/services/datastore/{client}/content/{id}";

    GDATA_LIST = get "gdata.list" "/services/google/";
    GDATA_GET = get "gdata.get" "/services/google/{id}";
    GDATA_NEW = post "gdata.new" "/services/google/";
    GDATA_UPDATE = put "gdata.update" "/services/google/{id}";
    GDATA_DELETE = delete "gdata.delete" "/services/google/{id}";
    GDATA_ADD = post "gdata.add_datastore" "/services/google/{id}/datastores/";
}

pub(crate) static VENDOR: KindInfo = KindInfo {
    name: "Vendor",
    collection: "Vendors",
    space: Space::Vendor,
    wrapper: "vendor",
    role: Role::Vendors,
    protected: false,
    list: &VENDORS_LIST,
    get: &VENDORS_GET,
    create: None,
    update: None,
    update_secret: None,
    delete: None,
};

pub(crate) static MODEL: KindInfo = KindInfo {
    name: "Model",
    collection: "Models",
    space: Space::Model,
    wrapper: "model",
    role: Role::Models,
    protected: false,
    list: &MODELS_LIST,
    get: &MODELS_GET,
    create: None,
    update: None,
    update_secret: None,
    delete: None,
};

/// A client of any flavour, as the generic collection has them.
pub(crate) static CLIENT: KindInfo = KindInfo {
    name: "Client",
    collection: "Clients",
    space: Space::Client,
    wrapper: "client",
    role: Role::Clients,
    protected: true,
    list: &CLIENTS_LIST,
    get: &CLIENTS_GET,
    create: None,
    update: None,
    update_secret: None,
    delete: None,
};

pub(crate) static BINDING: KindInfo = KindInfo {
    name: "Binding",
    collection: "Bindings",
    space: Space::Binding,
    wrapper: "binding",
    role: Role::Bindings,
    protected: true,
    list: &BINDINGS_LIST,
    get: &BINDINGS_GET,
    create: Some(&BINDINGS_NEW),
    update: Some(&BINDINGS_UPDATE),
    update_secret: None,
    delete: Some(&BINDINGS_DELETE),
};

/// Cannot be changed, by design of the service: a new phone is a new client.
pub(crate) static SYNCML: KindInfo = KindInfo {
    name: "SyncmlClient",
    collection: "Syncml",
    space: Space::Client,
    wrapper: "client",
    role: Role::Syncml,
    protected: true,
    list: &SYNCML_LIST,
    get: &SYNCML_GET,
    create: Some(&SYNCML_NEW),
    update: None,
    update_secret: None,
    delete: Some(&SYNCML_DELETE),
};

pub(crate) static ACTIVESYNC: KindInfo = KindInfo {
    name: "ActivesyncClient",
    collection: "Activesync",
    space: Space::Client,
    wrapper: "client",
    role: Role::Activesync,
    protected: true,
    list: &ACTIVESYNC_LIST,
    get: &ACTIVESYNC_GET,
    create: Some(&ACTIVESYNC_NEW),
    update: Some(&ACTIVESYNC_UPDATE),
    update_secret: Some(&ACTIVESYNC_PASSWORD),
    delete: Some(&ACTIVESYNC_DELETE),
};

pub(crate) static DATASTORE: KindInfo = KindInfo {
    name: "DatastoreClient",
    collection: "Datastore",
    space: Space::Client,
    wrapper: "client",
    role: Role::Datastore,
    protected: true,
    list: &DATASTORE_LIST,
    get: &DATASTORE_GET,
    create: Some(&DATASTORE_NEW),
    update: Some(&DATASTORE_UPDATE),
    update_secret: None,
    delete: Some(&DATASTORE_DELETE),
};

pub(crate) static GDATA: KindInfo = KindInfo {
    name: "GDataClient",
    collection: "GData",
    space: Space::Client,
    wrapper: "client",
    role: Role::Gdata,
    protected: true,
    list: &GDATA_LIST,
    get: &GDATA_GET,
    create: Some(&GDATA_NEW),
    update: Some(&GDATA_UPDATE),
    update_secret: None,
    delete: Some(&GDATA_DELETE),
};

pub(crate) static CONTENT: KindInfo = KindInfo {
    name: "Content",
    collection: "ContentCollection",
    space: Space::Content,
    wrapper: "content",
    role: Role::Contents,
    protected: true,
    list: &CONTENTS_LIST,
    get: &CONTENTS_GET,
    create: Some(&CONTENTS_NEW),
    update: Some(&CONTENTS_UPDATE),
    update_secret: None,
    delete: Some(&CONTENTS_DELETE),
};
