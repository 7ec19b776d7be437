//! S25 to S30, S36 and S37 of the reference's table: clients and bindings.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use ocss::OcssErrorExt as _;
use ocss::api::Client;
use ocss::emulator::Message;
use ocss::model::{AddDatastore, BindingId, Dominant, GdataClass, TokenType};

row!(s25_clients_come_as_their_own_kinds, |lab| {
    let clients = lab.alice().clients();
    assert_eq!(format!("{clients:?}"), "<Clients collection>");
    let shown: Vec<_> = clients
        .list()
        .await
        .unwrap()
        .iter()
        .map(|client| format!("{client:?}"))
        .collect();
    for expected in [
        "<SyncmlClient id='some-client-id'>",
        "<ActivesyncClient id='another-client-id'>",
        "<DatastoreClient id='my-datastore-client-id'>",
        "<GDataClient id='4f1d2dd0-49e4-11de-b387-002215064801'>",
    ] {
        assert!(
            shown.iter().any(|shown| shown == expected),
            "{expected}: {shown:?}"
        );
    }
    let client = clients.get("another-client-id").await.unwrap();
    assert!(matches!(client, Client::Activesync(_)), "{client:?}");
    assert!(client.snapshot().await.unwrap().client_type.is_some());
    lab.requests();
    assert!(clients.update(&client).await.unwrap_err().is_not_allowed());
    assert!(clients.delete(&client).await.unwrap_err().is_not_allowed());
    assert!(lab.requests().is_empty());
    let error = clients.get("x").await.unwrap_err();
    assert_eq!(error.ocss().unwrap().to_string(), "No Client with ID 'x'");
    assert!(
        !clients.contains("bobs-store").await.unwrap(),
        "what is another's is not there"
    );
});

row!(s26_bind_is_bindings_new, |lab| {
    let clients = lab.alice().clients();
    let phone = clients.get("some-client-id").await.unwrap();
    let binding = clients.bind(&phone, "empty-store").await.unwrap();
    assert_eq!(
        clients
            .bindings()
            .get(binding.number().unwrap())
            .await
            .unwrap(),
        binding
    );
});

row!(s27_bindings_take_instances_or_ids_and_have_numbers, |lab| {
    let clients = lab.alice().clients();
    let bindings = clients.bindings();
    let documented = bindings.get(123u64).await.unwrap();
    assert_eq!(format!("{documented:?}"), "<Binding id=123>");
    assert_eq!(documented.number(), Some(BindingId(123)));
    assert_eq!(documented.dominant().await.unwrap(), Some(Dominant::Source));
    let source = documented.source().await.unwrap();
    assert_eq!(source, clients.get("some-client-id").await.unwrap());
    assert!(matches!(source, Client::Syncml(_)));
    assert!(matches!(
        documented.target().await.unwrap(),
        Client::Datastore(_)
    ));

    let exchange = clients.activesync().get("another-client-id").await.unwrap();
    let made = bindings.new(&exchange, "empty-store").await.unwrap();
    assert_eq!(made.source().await.unwrap(), exchange.as_client());
    assert_eq!(*made.target().await.unwrap().id(), "empty-store");
    assert_eq!(made.dominant().await.unwrap(), Some(Dominant::Source));
    assert_eq!(bindings.list().await.unwrap().len(), 2);

    made.update_with(|change| change.dominant(Dominant::Target))
        .await
        .unwrap();
    made.refresh();
    assert_eq!(made.dominant().await.unwrap(), Some(Dominant::Target));
    bindings.delete(made.number().unwrap()).await.unwrap();
    assert!(!bindings.contains(made.id()).await.unwrap());
});

row!(s28_a_syncml_client_has_its_properties, |lab| {
    let syncml = lab.alice().clients().syncml();
    assert_eq!(format!("{syncml:?}"), "<Syncml collection>");
    let phone = syncml.get("some-client-id").await.unwrap();
    assert_eq!(
        phone.imei().await.unwrap().as_deref(),
        Some("356938035643809")
    );
    assert_eq!(
        phone.phone_number().await.unwrap().as_deref(),
        Some("+4799988877")
    );
    assert_eq!(
        phone.timezone().await.unwrap().as_deref(),
        Some("Europe/Oslo")
    );
    let model = phone.model().await.unwrap().unwrap();
    assert_eq!(model.name().await.unwrap(), "HTC 1");
    let other = syncml
        .get("b96afa84-a153-11de-aae5-002215064801")
        .await
        .unwrap();
    assert_eq!(
        (other.imei().await.unwrap(), other.timezone().await.unwrap()),
        (None, None)
    );

    lab.requests();
    let error = phone.update().await.unwrap_err();
    assert!(error.is_not_allowed() && error.is_local());
    assert!(
        lab.requests().is_empty(),
        "by design, a phone cannot be changed"
    );

    let made = syncml
        .new("+4712345678", &model)
        .timezone("Europe/Oslo")
        .await
        .unwrap();
    assert_eq!(
        made.snapshot().await.unwrap().phone_number.as_deref(),
        Some("+4712345678")
    );
    made.delete().await.unwrap();
    assert!(!syncml.contains(made.id()).await.unwrap());
});

row!(
    s28_send_setup_sends_one_message_with_the_pincode_as_text,
    |lab| {
        let phone = lab
            .alice()
            .clients()
            .syncml()
            .get("some-client-id")
            .await
            .unwrap();
        phone.send_setup("0123").await.unwrap();
        match &lab.emulator.messages()[..] {
            [
                Message::Setup {
                    number, pincode, ..
                },
            ] => {
                assert_eq!(
                    (number.as_str(), pincode.expose().as_str()),
                    ("+4799988877", "0123")
                );
            }
            other => panic!("{other:?}"),
        }
        lab.emulator
            .fault("POST", 1, ocss::emulator::Fault::reset())
            .unwrap();
        assert!(phone.send_setup("0123").await.unwrap_err().is_connection());
        assert_eq!(lab.emulator.messages().len(), 2, "not sent again");
    }
);

row!(s28_sync_begins_a_sync_if_possible, |lab| {
    let phone = lab
        .alice()
        .clients()
        .syncml()
        .get("some-client-id")
        .await
        .unwrap();
    phone.sync().await.unwrap();
    assert_eq!(lab.emulator.syncs(), ["some-client-id"]);
    for (status, expected) in [
        (http::StatusCode::CONFLICT, "client"),
        (http::StatusCode::NOT_IMPLEMENTED, "server"),
    ] {
        lab.emulator
            .fault("POST", 1, ocss::emulator::Fault::status(status))
            .unwrap();
        let error = phone.sync().await.unwrap_err();
        assert_eq!(
            (error.is_client(), error.is_server()),
            (expected == "client", expected == "server")
        );
    }
});

row!(s29_passwords_are_sent_and_never_filled, |lab| {
    let exchange = lab.alice().clients().activesync();
    assert_eq!(format!("{exchange:?}"), "<Activesync collection>");
    let client = exchange.get("another-client-id").await.unwrap();
    assert_eq!(client.username().await.unwrap().as_deref(), Some("kari"));
    client.set_password("old-secret", "new-secret");
    client.set_username("kari2");
    assert!(!format!("{client:?}").contains("secret"));
    client.update().await.unwrap();
    client.refresh();
    assert_eq!(client.username().await.unwrap().as_deref(), Some("kari2"));
    // Only who knows the present password may change it.
    let refused = client
        .update_with(|change| change.password("old-secret", "x"))
        .await
        .unwrap_err();
    assert!(refused.is_not_allowed(), "{refused:?}");
    client.refresh();
    client
        .update_with(|change| change.password("new-secret", "newest-secret"))
        .await
        .unwrap();

    let made = exchange.new("ola", "made-secret").await.unwrap();
    assert_eq!(made.username().await.unwrap().as_deref(), Some("ola"));
    exchange.delete(&made).await.unwrap();
});

row!(s30_a_datastore_has_a_name_and_contents, |lab| {
    let datastores = lab.alice().clients().datastore();
    assert_eq!(format!("{datastores:?}"), "<Datastore collection>");
    let store = datastores.get("my-datastore-client-id").await.unwrap();
    assert_eq!(store.name().await.unwrap(), "My store");
    assert_eq!(
        format!("{:?}", store.contents()),
        "<ContentCollection collection>"
    );
    store
        .update_with(|change| change.name("Yours"))
        .await
        .unwrap();
    store.refresh();
    assert_eq!(store.name().await.unwrap(), "Yours");
    assert_eq!(store.contents().len().await.unwrap(), 15);
    let made = datastores.new("Mine").await.unwrap();
    assert_eq!(made.snapshot().await.unwrap().name, "Mine");
    assert!(made.contents().is_empty().await.unwrap());
    made.delete().await.unwrap();
});

row!(s36_a_gdata_client_has_a_user_and_datastores, |lab| {
    let gdata = lab.alice().clients().gdata();
    assert_eq!(format!("{gdata:?}"), "<GData collection>");
    let client = gdata.new("new@example.com").await.unwrap();
    assert_eq!(
        client.user_id().await.unwrap().as_deref(),
        Some("new@example.com")
    );
    assert!(client.datastores().await.unwrap().is_empty());
    client
        .update_with(|change| change.user_id("newer@example.com"))
        .await
        .unwrap();
    client.refresh();
    assert_eq!(
        client.user_id().await.unwrap().as_deref(),
        Some("newer@example.com")
    );
    gdata.delete(&client).await.unwrap();
});

row!(s37_add_datastore_registers_one, |lab| {
    let gdata = lab.alice().clients().gdata();
    let client = gdata
        .get("4f1d2dd0-49e4-11de-b387-002215064801")
        .await
        .unwrap();
    let url = "https://www.google.com/m8/feeds/contacts/default/full";
    let scopes = ["https://www.google.com/m8/feeds/"];
    let datastore = AddDatastore::new(GdataClass::Contacts, url, "tok", "token-secret", scopes);
    client.add_datastore(datastore.clone()).await.unwrap();
    let named = AddDatastore::new(GdataClass::Calendar, url, "tok", "token-secret", scopes)
        .name("Mine")
        .token_type(TokenType::Request);
    client.add_datastore(named).await.unwrap();
    let stores = client.datastores().await.unwrap();
    let told: Vec<_> = stores
        .iter()
        .map(|store| (store.dataclass.as_str(), store.name.as_str()))
        .collect();
    assert_eq!(
        told,
        [("Contacts", "Contacts"), ("Calendar", "Mine")],
        "the name defaults to the dataclass"
    );
    assert_eq!(stores[0].url, url);
    client.refresh();
    assert_eq!(client.datastores().await.unwrap(), stores);

    lab.requests();
    let none: [&str; 0] = [];
    for wrong in [
        AddDatastore::new(GdataClass::Contacts, url, "tok", "sec", none),
        AddDatastore::new(GdataClass::Contacts, " ", "tok", "sec", scopes),
    ] {
        let error = client.add_datastore(wrong).await.unwrap_err();
        assert!(error.is_client() && error.is_local(), "{error:?}");
    }
    assert!(lab.requests().is_empty());
});
