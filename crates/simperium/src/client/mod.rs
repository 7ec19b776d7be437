//! The two halves of the service, and administrators.

mod admin;
mod auth;
mod credentials;
mod data;
mod login;
pub(crate) mod operations;
mod service;
mod settings;

pub use self::admin::{Admin, AdminBuilder};
pub(crate) use self::auth::was_delivered;
pub use self::auth::{Auth, AuthBuilder, UpdateUser};
pub use self::credentials::TokenHeader;
pub use self::data::{Api, ApiBuilder};
pub use self::login::Login;
pub(crate) use self::operations::{Kind, kind};
#[cfg(feature = "sync")]
pub(crate) use self::{
    data::HOST,
    settings::{Settings, common_settings},
};
