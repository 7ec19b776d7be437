//! Connections, and how long what goes over them takes.

use simperium::Secret;

use super::{TOKEN, What, World};
use crate::device::Connection;

impl World {
    pub(super) fn is_connected(&self, number: usize, connection: u64) -> bool {
        let open = self.devices[number].connection.as_ref();
        open.is_some_and(|open| open.number == connection)
    }

    pub(super) fn up(&mut self, number: usize, connection: u64, frame: &str) {
        if self.is_connected(number, connection) {
            self.tell(|| format!("{number} -> {frame}"));
            let open = self.devices[number].connection.as_mut().unwrap();
            open.line.send(frame);
        }
    }

    /// What the server has said goes on its way.
    pub(super) fn deliver(&mut self) {
        self.history.look();
        for number in 0..self.devices.len() {
            let Some(mut open) = self.devices[number].connection.take() else {
                continue;
            };
            while let Some(frame) = open.line.receive() {
                open.down = open.down.max(self.now + self.delay());
                self.at(open.down, What::Down(number, open.number, frame));
            }
            let is_open = open.line.is_open();
            if !is_open {
                open.down = open.down.max(self.now + self.delay());
                self.at(open.down, What::Broken(number, open.number));
            }
            self.devices[number].connection = Some(open);
        }
    }

    pub(super) fn connect_later(&mut self, number: usize) {
        let at = self.now + self.rng.u64(1..4000);
        let life = self.devices[number].life;
        self.at(at, What::Connect(number, life));
    }

    pub(super) fn connect(&mut self, number: usize, life: u32) {
        let device = &mut self.devices[number];
        if device.machine.is_none() || device.life != life || device.connection.is_some() {
            return;
        }
        self.connections += 1;
        device.connection = Some(Connection {
            number: self.connections,
            line: self.emulator.line(),
            up: self.now,
            down: self.now,
        });
        self.tell(|| format!("{number} connects"));
        let token = Secret::new(TOKEN.to_owned());
        self.turn(number, |machine, turn| machine.connected(&token, turn));
    }

    /// The connection is gone; some of what was on its way to the server gets
    /// there.
    pub(super) fn break_off(&mut self, number: usize) {
        let Some(open) = self.devices[number].connection.take() else {
            return;
        };
        self.tell(|| format!("{number} is cut off"));
        let on_the_way: Vec<(u64, u64)> = self
            .plan
            .iter()
            .filter(|(_, what)| matches!(what, What::Up(_, connection, _) if *connection == open.number))
            .map(|(place, _)| *place)
            .collect();
        let arriving = self.rng.usize(..=on_the_way.len());
        for (count, place) in on_the_way.into_iter().enumerate() {
            let Some(What::Up(_, _, frame)) = self.plan.remove(&place) else {
                continue;
            };
            if count < arriving {
                self.tell(|| format!("{number} -> {frame} (last words)"));
                open.line.send(&frame);
            }
        }
        drop(open);
        self.history.look();
        if self.devices[number].machine.is_some() {
            self.connect_later(number);
        }
    }

    pub(super) fn kick(&mut self, number: usize) {
        if let Some(open) = &self.devices[number].connection {
            let connection = open.number;
            self.happen(What::Broken(number, connection));
        }
    }
}
