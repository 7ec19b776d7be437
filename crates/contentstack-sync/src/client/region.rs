//! Where stacks are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A region of the service, with its hosts.
///
/// Parsed from its id or an alias, in any letter case and with `_` or `-`.
/// The table is that of `@contentstack/utils` 1.9.1; for a region that is
/// newer, set [`StackBuilder::host`](super::StackBuilder::host).
///
/// ```
/// use contentstack_sync::Region;
///
/// let region: Region = "AWS_EU".parse()?;
/// assert_eq!(region, Region::Eu);
/// assert_eq!(region.delivery_host(), "eu-cdn.contentstack.com");
/// # Ok::<(), contentstack_sync::UnknownRegion>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `na` (`us`, `aws-na`): AWS, North America.
    #[default]
    Na,
    /// `eu` (`aws-eu`): AWS, Europe.
    Eu,
    /// `au` (`aws-au`): AWS, Australia.
    Au,
    /// `azure-na`: Azure, North America.
    AzureNa,
    /// `azure-eu`: Azure, Europe.
    AzureEu,
    /// `gcp-na`: Google Cloud, North America.
    GcpNa,
    /// `gcp-eu`: Google Cloud, Europe.
    GcpEu,
}

/// Not the name of a region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a region: na, eu, au, azure-na, azure-eu, gcp-na, gcp-eu")]
pub struct UnknownRegion(String);

struct Row {
    id: &'static str,
    aliases: &'static [&'static str],
    delivery: &'static str,
    images: &'static str,
    assets: &'static str,
    preview: &'static str,
}

macro_rules! row {
    ($id:literal, $aliases:expr) => {
        Row {
            id: $id,
            aliases: $aliases,
            delivery: concat!($id, "-cdn.contentstack.com"),
            images: concat!($id, "-images.contentstack.com"),
            assets: concat!($id, "-assets.contentstack.com"),
            preview: concat!($id, "-rest-preview.contentstack.com"),
        }
    };
}

// Only North America has `.io`.
static NA: Row = Row {
    id: "na",
    aliases: &["us", "aws-na"],
    delivery: "cdn.contentstack.io",
    images: "images.contentstack.io",
    assets: "assets.contentstack.io",
    preview: "rest-preview.contentstack.com",
};
static EU: Row = row!("eu", &["aws-eu"]);
static AU: Row = row!("au", &["aws-au"]);
static AZURE_NA: Row = row!("azure-na", &[]);
static AZURE_EU: Row = row!("azure-eu", &[]);
static GCP_NA: Row = row!("gcp-na", &[]);
static GCP_EU: Row = row!("gcp-eu", &[]);

impl Region {
    /// All regions.
    pub const ALL: [Self; 7] = [
        Self::Na,
        Self::Eu,
        Self::Au,
        Self::AzureNa,
        Self::AzureEu,
        Self::GcpNa,
        Self::GcpEu,
    ];

    fn row(self) -> &'static Row {
        match self {
            Self::Na => &NA,
            Self::Eu => &EU,
            Self::Au => &AU,
            Self::AzureNa => &AZURE_NA,
            Self::AzureEu => &AZURE_EU,
            Self::GcpNa => &GCP_NA,
            Self::GcpEu => &GCP_EU,
        }
    }

    /// Its id, for example `azure-na`.
    pub fn as_str(self) -> &'static str {
        self.row().id
    }

    /// Where the Sync API is.
    pub fn delivery_host(self) -> &'static str {
        self.row().delivery
    }

    /// Where images are.
    pub fn images_host(self) -> &'static str {
        self.row().images
    }

    /// Where other assets are.
    pub fn assets_host(self) -> &'static str {
        self.row().assets
    }

    /// Where live preview is. Sync has nothing to do with it.
    pub fn preview_host(self) -> &'static str {
        self.row().preview
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(text: &str) -> Result<Self, UnknownRegion> {
        let name = text.trim().to_ascii_lowercase().replace('_', "-");
        Self::ALL
            .into_iter()
            .find(|region| {
                let row = region.row();
                row.id == name || row.aliases.contains(&&*name)
            })
            .ok_or_else(|| UnknownRegion(text.to_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
