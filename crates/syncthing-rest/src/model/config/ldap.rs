//! Users from a directory.

use crate::wire::{model, text_enum};

model! {
    /// How users are looked up in a directory: `/rest/config/ldap`.
    pub struct Ldap {
        /// `host:port`.
        pub address: String => "address",
        /// The name to bind as, with `%s` for the user's.
        pub bind_dn: String => "bindDN",
        /// How the connection is protected.
        pub transport: LdapTransport => "transport",
        /// Whether the server's certificate is not checked.
        pub insecure_skip_verify: bool => "insecureSkipVerify",
        /// Where users are searched; empty for no search.
        pub search_base_dn: String => "searchBaseDN",
        /// Which users may log in.
        pub search_filter: String => "searchFilter",
    }
}

text_enum! {
    /// How the connection to a directory is protected.
    #[derive(Default)]
    pub enum LdapTransport {
        /// Not at all.
        #[default]
        Plain = "plain",
        /// TLS from the start.
        Tls = "tls",
        /// TLS after a request for it.
        StartTls = "starttls",
    }
}
