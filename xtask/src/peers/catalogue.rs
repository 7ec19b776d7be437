//! Which peers there are and where each comes from.

use std::fmt;

/// What a peer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Use {
    /// The tests talk to it; `--require-peers` insists on it.
    Tests,
    /// Benchmarks compare with it; never required.
    Bench,
    /// The crates are compiled with it, to see that the declared version holds.
    Msrv,
}

/// Where a peer comes from when the machine doesn't have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A file of a Debian package, unpacked below the target folder.
    DebianSuite {
        /// The package.
        package: &'static str,
        /// The suite that carries the wanted version.
        suite: &'static str,
        /// The program's path within the package.
        path: &'static str,
    },
    /// A program of a Debian package with all it depends on, unpacked likewise.
    /// It runs with the libraries of its suite, also where the machine's are older.
    DebianClosure {
        /// The package.
        package: &'static str,
        /// The suite that carries the wanted version.
        suite: &'static str,
        /// The program's path within the package.
        path: &'static str,
        /// Options it's always started with; `$root` is where it's unpacked.
        arguments: &'static str,
        /// Dependencies that are left out, by the start of their names.
        without: &'static [&'static str],
    },
    /// Programs of a Debian package with the libraries they need, unpacked
    /// likewise. They find one another beside themselves, and run with the
    /// machine's own C library, which must not be older than the suite's.
    DebianPrograms {
        /// The package.
        package: &'static str,
        /// The suite that carries the wanted version.
        suite: &'static str,
        /// The program's path within the package, which is also where the
        /// machine's own is looked for.
        path: &'static str,
        /// Dependencies that are left out, by the start of their names.
        without: &'static [&'static str],
    },
    /// A program of the machine, installed with `apt-get` where that is allowed.
    Machine {
        /// The Debian package.
        package: &'static str,
    },
    /// Python packages in a virtual environment below the target folder.
    Python {
        /// What `pip install` is given; the first one's version counts.
        packages: &'static [&'static str],
    },
    /// Packages for the machine's Node.js, in a folder below the target folder.
    /// The program is `node`, which finds them.
    Npm {
        /// Name and version; the first one's version counts.
        packages: &'static [(&'static str, &'static str)],
        /// What they depend on in another version than they ask for.
        overrides: &'static [(&'static str, &'static str)],
    },
}

/// A program that somebody else wrote and that ours is tested against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its name, with the version where that matters: `syncthing 1.19`.
    pub name: &'static str,
    /// The environment variable with the path of its program.
    pub env: &'static str,
    /// The program to look for on `PATH`.
    pub program: &'static str,
    /// Major and minor version it must have.
    pub version: Option<(u32, u32)>,
    /// What it's for.
    pub used_by: Use,
    /// Where it comes from.
    pub origin: Origin,
}

impl Peer {
    /// The name as one word for files and the command line: `syncthing-1.19`.
    pub fn id(&self) -> String {
        self.name.replace(' ', "-")
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

pub(crate) const SYNCTHING_1_19: Peer = Peer {
    name: "syncthing 1.19",
    env: "PEER_SYNCTHING_1_19",
    program: "syncthing",
    version: Some((1, 19)),
    used_by: Use::Tests,
    origin: Origin::DebianSuite {
        package: "syncthing",
        suite: "bookworm",
        path: "usr/bin/syncthing",
    },
};

pub(crate) const SYNCTHING_1_29: Peer = Peer {
    name: "syncthing 1.29",
    env: "PEER_SYNCTHING_1_29",
    program: "syncthing",
    version: Some((1, 29)),
    used_by: Use::Tests,
    origin: Origin::DebianSuite {
        package: "syncthing",
        suite: "trixie",
        path: "usr/bin/syncthing",
    },
};

/// A database server of the kind that Django is mostly used with.
pub(crate) const POSTGRESQL: Peer = Peer {
    name: "postgresql",
    env: "PEER_POSTGRESQL",
    program: "postgres",
    version: None,
    used_by: Use::Tests,
    origin: Origin::DebianPrograms {
        package: "postgresql-15",
        suite: "bookworm",
        path: "usr/lib/postgresql/15/bin/postgres",
        // The C library and what only an installation needs.
        without: &[
            "adduser", "debconf", "gcc", "init", "libc6", "libllvm", "libperl", "locales",
            "openssl", "passwd", "perl", "ssl-cert", "tzdata", "ucf",
        ],
    },
};

/// The compiler of the workspace's `rust-version`.
const RUSTC_1_85: Peer = Peer {
    name: "rustc 1.85",
    env: "PEER_RUSTC_1_85",
    program: "rustc",
    version: Some((1, 85)),
    used_by: Use::Msrv,
    origin: Origin::DebianClosure {
        package: "rustc",
        suite: "trixie",
        path: "usr/bin/rustc",
        arguments: "--sysroot \"$root/usr\"",
        // The machine's own linker is used.
        without: &["gcc", "cpp", "binutils"],
    },
};

const fn tool(name: &'static str, env: &'static str) -> Peer {
    Peer {
        name,
        env,
        program: name,
        version: None,
        used_by: Use::Bench,
        origin: Origin::Machine { package: name },
    }
}

const fn python(name: &'static str, env: &'static str, packages: &'static [&'static str]) -> Peer {
    Peer {
        name,
        env,
        program: "python3",
        version: None,
        used_by: Use::Bench,
        origin: Origin::Python { packages },
    }
}

const fn npm(
    name: &'static str,
    env: &'static str,
    packages: &'static [(&'static str, &'static str)],
    overrides: &'static [(&'static str, &'static str)],
) -> Peer {
    Peer {
        name,
        env,
        program: "node",
        version: None,
        used_by: Use::Tests,
        origin: Origin::Npm {
            packages,
            overrides,
        },
    }
}

/// OAuth 1.0 as others have written it, client and server.
pub const PYTHON_OAUTHLIB: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "python oauthlib",
        "PEER_PYTHON_OAUTHLIB",
        &["oauthlib==4.0.1", "requests-oauthlib==2.0.0"],
    )
};

/// Atom as others read it.
pub const PYTHON_FEEDPARSER: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "python feedparser",
        "PEER_PYTHON_FEEDPARSER",
        &["feedparser==6.0.14", "lxml==6.1.3"],
    )
};

/// Contentstack's own client for Python.
pub const PYTHON_CONTENTSTACK: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "python contentstack",
        "PEER_PYTHON_CONTENTSTACK",
        &["contentstack==2.8.0"],
    )
};

/// Contentstack's own client for JavaScript.
pub const NODE_CONTENTSTACK: Peer = npm(
    "node contentstack",
    "PEER_NODE_CONTENTSTACK",
    &[("contentstack", "3.27.1")],
    &[],
);

/// Contentstack's own client for TypeScript.
pub const NODE_DELIVERY_SDK: Peer = npm(
    "node delivery-sdk",
    "PEER_NODE_DELIVERY_SDK",
    &[("@contentstack/delivery-sdk", "5.6.0")],
    // It asks for ^1.5.2, which is not everywhere to be had.
    &[("@contentstack/core", "1.5.1")],
);

/// Contentstack's own mirror, with its stores of files.
pub const NODE_DATASYNC: Peer = npm(
    "node datasync",
    "PEER_NODE_DATASYNC",
    &[
        ("@contentstack/datasync-manager", "2.0.7"),
        ("@contentstack/datasync-content-store-filesystem", "2.1.11"),
        ("@contentstack/datasync-asset-store-filesystem", "2.3.7"),
    ],
    &[],
);

/// The client of Simperium's HTTP API that still runs.
pub const PYTHON_SIMPERIUM3: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "python simperium3",
        "PEER_PYTHON_SIMPERIUM3",
        &["Simperium3==0.1.5"],
    )
};

/// Simperium's own syncing client, with its diffs.
pub const NODE_SIMPERIUM: Peer = npm(
    "node simperium",
    "PEER_NODE_SIMPERIUM",
    &[("simperium", "1.1.4")],
    &[],
);

/// The synctool on the last Django that its server side runs on as it is.
pub const DJANGO_2_2: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "django 2.2",
        "PEER_DJANGO_2_2",
        &[
            "Django==2.2.28",
            "django-synctool==1.1.0",
            "mock==5.2.0",
            "requests==2.34.2",
            "psycopg2-binary==2.9.13",
        ],
    )
};

/// The synctool's client on the newest Django that it runs on.
pub const DJANGO_5_2: Peer = Peer {
    used_by: Use::Tests,
    ..python(
        "django 5.2",
        "PEER_DJANGO_5_2",
        &[
            "Django==5.2.19",
            "django-synctool==1.1.0",
            "mock==5.2.0",
            "requests==2.34.2",
            "psycopg[binary]==3.3.9",
        ],
    )
};

/// Every peer, those of the tests first.
pub const ALL: &[Peer] = &[
    SYNCTHING_1_19,
    SYNCTHING_1_29,
    PYTHON_OAUTHLIB,
    PYTHON_FEEDPARSER,
    PYTHON_CONTENTSTACK,
    NODE_CONTENTSTACK,
    NODE_DELIVERY_SDK,
    NODE_DATASYNC,
    PYTHON_SIMPERIUM3,
    NODE_SIMPERIUM,
    DJANGO_2_2,
    DJANGO_5_2,
    POSTGRESQL,
    tool("wrk", "PEER_WRK"),
    tool("curl", "PEER_CURL"),
    tool("valgrind", "PEER_VALGRIND"),
    python(
        "python syncthing",
        "PEER_PYTHON_SYNCTHING",
        &["syncthing==2.4.1", "requests"],
    ),
    python(
        "python syncthing2",
        "PEER_PYTHON_SYNCTHING2",
        &["syncthing2==2.4.5", "requests"],
    ),
    // aiosyncthing imports `deprecated` without declaring it.
    python(
        "python aiosyncthing",
        "PEER_PYTHON_AIOSYNCTHING",
        &["aiosyncthing==0.7.1", "deprecated"],
    ),
    RUSTC_1_85,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_and_variables_are_unique() {
        let names: BTreeSet<_> = ALL.iter().map(Peer::id).collect();
        let variables: BTreeSet<_> = ALL.iter().map(|peer| peer.env).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(variables.len(), ALL.len());
    }
}
