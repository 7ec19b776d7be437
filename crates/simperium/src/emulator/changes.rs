//! Change objects, from sockets and in bulk.

use crate::protocol::{ChangeErrorCode, ClientChange, Operation, Refusal, ServerChange};
use crate::wire::answer;

use super::document::Object;
use super::query::{is_id, is_key};
use super::state::State;
use super::submit::{Edit, Place, Refused, Sender, Source};

/// Why a change was not made.
pub(super) fn refusal(id: &str, clientid: &str, code: ChangeErrorCode, ccid: &str) -> ServerChange {
    ServerChange::Refused(Refusal {
        clientid: clientid.to_owned(),
        id: id.to_owned(),
        code,
        ccids: vec![ccid.to_owned()],
    })
}

impl State {
    /// Makes a change, and tells everyone; or says why not.
    pub(super) fn apply(
        &mut self,
        place: &Place,
        clientid: &str,
        admin: bool,
        change: &ClientChange,
    ) -> ServerChange {
        let made = match self.change_errors.pop_front() {
            Some(code) => Err(ChangeErrorCode::from(code).into()),
            None => self.make(place, clientid, admin, change),
        };
        match made {
            Ok(made) => made,
            Err(Refused { code, .. }) => refusal(&change.id, clientid, code, &change.ccid),
        }
    }

    fn make(
        &mut self,
        place: &Place,
        clientid: &str,
        admin: bool,
        change: &ClientChange,
    ) -> Result<ServerChange, Refused> {
        let invalid = ChangeErrorCode::Invalid;
        if !is_id(&change.ccid) {
            return Err(invalid.into());
        }
        let sender = Sender {
            clientid,
            ccid: &change.ccid,
        };
        let id = change.id.as_str();
        let logged = match &change.operation {
            Operation::Empty | Operation::Drop if id != place.bucket => return Err(invalid.into()),
            Operation::Drop if !admin => return Err(ChangeErrorCode::Unauthorized.into()),
            Operation::Empty | Operation::Drop => {
                self.empty(place, change.operation.clone(), sender)?
            }
            _ if !is_key(id) => return Err(invalid.into()),
            Operation::Delete => self.delete(place, id, sender, change.sv)?.logged,
            Operation::Modify => {
                let source = match change.sv {
                    None | Some(0) => Source::New,
                    Some(version) => Source::Version(version),
                };
                self.modify(place, id, sender, source, edit(change)?)?
                    .logged
            }
            Operation::Other(_) => return Err(invalid.into()),
        };
        Ok(ServerChange::Made(logged.change.as_ref().clone()))
    }
}

/// What a change does: the whole object counts where there is one.
fn edit(change: &ClientChange) -> Result<Edit, ChangeErrorCode> {
    match (&change.d, &change.v) {
        (Some(object), _) => answer::decoded::<Object>(object.as_str().as_bytes())
            .map(Edit::Replace)
            .map_err(|_| ChangeErrorCode::Invalid),
        (None, Some(diff)) => answer::diff(diff.as_str().as_bytes())
            .map(Edit::Diff)
            .map_err(|_| ChangeErrorCode::InvalidDiff),
        (None, None) => Err(ChangeErrorCode::Invalid),
    }
}
