//! S17 to S24 of the reference's table: vendors, models, detection.

// Helpers of tests may panic as the tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use futures_util::TryStreamExt as _;
use ocss::OcssErrorExt as _;
use ocss::emulator::Message;
use ocss::model::Detection;
use support::Lab;

row!(s17_phones_only_groups_and_needs_no_credentials, |lab| {
    let phones = lab.anonymous().phones();
    assert_eq!(format!("{phones:?}"), "<Phones collection>");
    assert_eq!(
        format!("{:?} {:?}", phones.vendors(), phones.models()),
        "<Vendors collection> <Models collection>"
    );
    assert!(lab.requests().is_empty());
    assert_eq!(phones.vendors().len().await.unwrap(), 7);
    assert!(phones.models().contains("some-model-id").await.unwrap());
});

row!(s18_a_vendor_has_a_name_and_models, |lab| {
    let vendor = lab
        .anonymous()
        .phones()
        .vendors()
        .get("some-vendor-id")
        .await
        .unwrap();
    assert_eq!(format!("{vendor:?}"), "<Vendor id='some-vendor-id'>");
    assert_eq!(vendor.name().await.unwrap(), "HTC");
    assert_eq!(vendor.snapshot().await.unwrap().name, "HTC");
    let models: Vec<_> = vendor.models().stream().try_collect().await.unwrap();
    assert_eq!(models.len(), 26);
    lab.requests();
    assert!(vendor.update().await.unwrap_err().is_not_allowed());
    assert!(vendor.delete().await.unwrap_err().is_not_allowed());
    assert!(lab.requests().is_empty());
});

row!(s19_models_are_among_all_and_under_their_vendor, |lab| {
    let phones = lab.anonymous().phones();
    let among_all = phones.models().get("some-model-id").await.unwrap();
    assert_eq!(format!("{among_all}"), "<Model id='some-model-id'>");
    let vendor = phones.vendors().get("some-vendor-id").await.unwrap();
    let under_vendor = vendor.models().list().await.unwrap();
    assert!(under_vendor.contains(&among_all));
});

row!(
    s20_detection_needs_credentials_and_is_not_limited_by_vendor,
    |lab| {
        let models = lab.anonymous().phones().models();
        lab.requests();
        for error in [
            models.detect_auto("+4799988877").await.unwrap_err(),
            models.detect_manual("+4799988877").await.unwrap_err(),
            models.detect_poll("x").await.unwrap_err(),
        ] {
            assert!(error.is_not_allowed() && error.is_local(), "{error:?}");
        }
        assert!(lab.requests().is_empty());

        let vendors = lab.alice().phones().vendors().list().await.unwrap();
        let mut other = None;
        for vendor in vendors {
            if vendor.name().await.unwrap() == "LG" {
                other = Some(vendor);
            }
        }
        let model = other
            .unwrap()
            .models()
            .detect_auto("+4799988877")
            .await
            .unwrap();
        assert_eq!(*model.unwrap().id(), "some-model-id");
    }
);

row!(s21_detect_auto_gives_a_model_or_none, |lab| {
    let models = lab.alice().phones().models();
    lab.requests();
    let model = models.detect_auto("+4799988877").await.unwrap().unwrap();
    let target = lab.requests()[0].target.clone();
    assert!(target.ends_with("?number=%2B4799988877"), "{target}");
    assert_eq!(model.name().await.unwrap(), "HTC 1");
    assert!(lab.requests().is_empty(), "the model came with the answer");
    assert_eq!(models.detect_auto("+4799988870").await.unwrap(), None);
    let error = lab
        .bob()
        .phones()
        .models()
        .detect_auto("+4799988877")
        .await
        .unwrap_err();
    assert!(error.is_not_allowed() && !error.is_local(), "{error:?}");
});

row!(
    s22_detect_manual_sends_one_message_and_gives_a_code,
    |lab| {
        let models = lab.alice().phones().models();
        let code = models.detect_manual("+4799988877").await.unwrap();
        let messages = lab.emulator.messages();
        assert_eq!(messages.len(), 1);
        match &messages[0] {
            Message::Invitation { number, code: sent } => {
                assert_eq!(
                    (number.as_str(), sent.as_str()),
                    ("+4799988877", code.as_str())
                );
            }
            other => panic!("{other:?}"),
        }
    }
);

row!(
    s22_a_message_that_may_have_been_sent_is_not_sent_again,
    |lab| {
        let models = lab.alice().phones().models();
        lab.emulator
            .fault("POST", 1, ocss::emulator::Fault::reset())
            .unwrap();
        let error = models.detect_manual("+4799988877").await.unwrap_err();
        assert!(error.is_connection(), "{error:?}");
        assert_eq!(lab.emulator.messages().len(), 1);
    }
);

row!(
    s23_detect_poll_knows_three_states_and_no_wrong_code,
    |lab| {
        let models = lab.alice().phones().models();
        let code = models.detect_manual("+4799988877").await.unwrap();
        assert_eq!(models.detect_poll(&code).await.unwrap(), Detection::Pending);
        assert!(lab.emulator.visit(code.as_str(), None));
        assert_eq!(
            models.detect_poll(&code).await.unwrap(),
            Detection::Unidentified
        );
        assert!(lab.emulator.visit(code.as_str(), Some("some-model-id")));
        let model = models.detect_poll(&code).await.unwrap().model().unwrap();
        assert_eq!(*model.id(), "some-model-id");
        let error = models.detect_poll("nonsense").await.unwrap_err();
        assert!(error.is_client() && !error.is_local(), "{error:?}");
    }
);

row!(s23_a_code_that_is_not_found_is_a_client_error_too, |lab| {
    let models = lab.alice().phones().models();
    let gone = ocss::emulator::Fault::status(http::StatusCode::GONE);
    lab.emulator.fault("(poll|outcome)", 1, gone).unwrap();
    let error = models.detect_poll("x").await.unwrap_err();
    assert!(error.is_client() && !error.is_not_found(), "{error:?}");
});

#[tokio::test(start_paused = true)]
async fn s23_waiting_asks_until_the_page_was_visited_or_time_is_up() {
    let lab = Lab::plain();
    let models = lab.alice().phones().models();
    let code = models.detect_manual("+4799988877").await.unwrap();
    let limit = Duration::from_secs(100);
    assert_eq!(
        models.detect_wait(&code, limit).await.unwrap(),
        Detection::Pending
    );
    // 0, 1, 3, 7, 15, 31, 61 and 91 seconds after the start.
    let polls = lab
        .requests()
        .iter()
        .filter(|request| request.path().ends_with("poll"))
        .count();
    assert_eq!(polls, 8);
    lab.emulator.visit(code.as_str(), None);
    assert_eq!(
        models.detect_wait(&code, limit).await.unwrap(),
        Detection::Unidentified
    );
}

row!(s24_a_model_has_a_picture_a_name_and_a_vendor, |lab| {
    let model = lab
        .anonymous()
        .phones()
        .models()
        .get("some-model-id")
        .await
        .unwrap();
    assert_eq!(model.name().await.unwrap(), "HTC 1");
    let image = model.image_url().await.unwrap().unwrap();
    assert!(image.ends_with("some-model-id.png"), "{image}");
    let vendor = model.vendor().await.unwrap();
    assert_eq!(*vendor.id(), "some-vendor-id");
    assert_eq!(vendor.name().await.unwrap(), "HTC");
});
