//! What is known at the current point of a function: a type for each variable and each tested field path.
//!
//! One array of slots and a trail of changes: a branch is undone by walking its trail back, so branches cost what they
//! change. Slots: the types of all variables, then the correlation group of each, then field paths as they are met.
//! Invariant: a path slot that is `NONE` says nothing; the type then follows from the type of what it is a field of.

use wippy_parser::Symbol;

use super::names::Variable;
use super::types::{Map, Ty};

/// A variable or a field path, by its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u32);

/// What changed on the way to a point, relative to a mark.
pub(super) type Delta = Vec<(u32, Ty)>;

#[derive(Debug)]
struct Path {
    parent: u32,
    root: u32,
    key: Symbol,
    depth: u32,
    children: Vec<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Flow {
    slots: Vec<Ty>,
    variables: u32,
    trail: Vec<(u32, Ty)>,
    paths: Vec<Path>,
    roots: Map<u32, Vec<u32>>,
    index: Map<(u32, Symbol), u32>,
}

/// How many fields a path may have.
pub(super) const DEPTH: u32 = 4;

impl Flow {
    pub(super) fn new(variables: usize) -> Self {
        Self { slots: vec![Ty::NONE; variables * 2], variables: variables as u32, ..Self::default() }
    }

    pub(super) fn get(&self, place: Place) -> Ty {
        self.slots[place.0 as usize]
    }

    pub(super) fn variable(&self, variable: Variable) -> Ty {
        self.slots[variable.0 as usize]
    }

    /// The correlation group of a variable.
    pub(super) fn group(&self, variable: Variable) -> Option<u32> {
        match self.slots[(self.variables + variable.0) as usize] {
            Ty::NONE => None,
            Ty(number) => Some(number),
        }
    }

    pub(super) fn set_group(&mut self, variable: Variable, group: Option<u32>) {
        self.put(self.variables + variable.0, group.map_or(Ty::NONE, Ty));
    }

    fn put(&mut self, slot: u32, ty: Ty) {
        let old = std::mem::replace(&mut self.slots[slot as usize], ty);
        if old != ty {
            self.trail.push((slot, old));
        }
    }

    pub(super) fn set(&mut self, place: Place, ty: Ty) {
        self.put(place.0, ty);
    }

    /// Assigns a variable: what was known about its fields is gone.
    pub(super) fn assign(&mut self, variable: Variable, ty: Ty) {
        self.put(variable.0, ty);
        self.set_group(variable, None);
        self.forget_fields(Place(variable.0));
    }

    /// Forgets what is known about the fields below a place.
    pub(super) fn forget_fields(&mut self, place: Place) {
        let mut pending: Vec<u32> = match self.path(place.0) {
            None => match self.roots.get(&place.0) {
                Some(children) => children.clone(),
                None => return,
            },
            Some(path) => path.children.clone(),
        };
        while let Some(slot) = pending.pop() {
            self.put(slot, Ty::NONE);
            if let Some(path) = self.path(slot) {
                pending.extend(path.children.iter());
            }
        }
    }

    fn path(&self, slot: u32) -> Option<&Path> {
        self.paths.get(slot.checked_sub(self.variables * 2)? as usize)
    }

    /// The variable a place starts at.
    pub(super) fn root(&self, place: Place) -> Variable {
        Variable(self.path(place.0).map_or(place.0, |path| path.root))
    }

    pub(super) fn is_variable(&self, place: Place) -> bool {
        place.0 < self.variables
    }

    pub(super) fn has_fields(&self, place: Place) -> bool {
        match self.path(place.0) {
            None => self.roots.contains_key(&place.0),
            Some(path) => !path.children.is_empty(),
        }
    }

    pub(super) fn find(&self, parent: Place, key: Symbol) -> Option<Place> {
        self.index.get(&(parent.0, key)).copied().map(Place)
    }

    /// The place of a field, made if it is new; none if the path is too long.
    pub(super) fn child(&mut self, parent: Place, key: Symbol) -> Option<Place> {
        if let Some(place) = self.find(parent, key) {
            return Some(place);
        }
        let (root, depth) = self.path(parent.0).map_or((parent.0, 1), |path| (path.root, path.depth + 1));
        if depth > DEPTH {
            return None;
        }
        let slot = self.slots.len() as u32;
        self.slots.push(Ty::NONE);
        self.paths.push(Path { parent: parent.0, root, key, depth, children: Vec::new() });
        self.index.insert((parent.0, key), slot);
        match parent.0.checked_sub(self.variables * 2) {
            Some(at) => self.paths[at as usize].children.push(slot),
            None => self.roots.entry(parent.0).or_default().push(slot),
        }
        Some(Place(slot))
    }

    // ---- branches ----

    pub(super) fn mark(&self) -> usize {
        self.trail.len()
    }

    /// Goes back to the state at `mark`.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.trail.len() > mark {
            if let Some((slot, old)) = self.trail.pop() {
                self.slots[slot as usize] = old;
            }
        }
    }

    /// What differs from the state at `mark`.
    pub(super) fn delta(&self, mark: usize) -> Delta {
        let mut changed: Vec<u32> = self.trail[mark..].iter().map(|it| it.0).collect();
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().map(|slot| (slot, self.slots[slot as usize])).collect()
    }

    pub(super) fn apply(&mut self, delta: &Delta) {
        for &(slot, ty) in delta {
            self.put(slot, ty);
        }
    }

    /// The slots that `exits` change, each with its value at the end of every exit; the state is that before them.
    pub(super) fn differences(&self, exits: &[Delta]) -> Vec<(u32, Vec<Ty>)> {
        let mut slots: Vec<u32> = exits.iter().flatten().map(|it| it.0).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
            .into_iter()
            .map(|slot| {
                let values = exits
                    .iter()
                    .map(|exit| match exit.binary_search_by_key(&slot, |it| it.0) {
                        Ok(at) => exit[at].1,
                        Err(_) => self.slots[slot as usize],
                    })
                    .collect();
                (slot, values)
            })
            .collect()
    }

    pub(super) fn kind(&self, slot: u32) -> SlotKind {
        if slot < self.variables {
            SlotKind::Variable(Variable(slot))
        } else if slot < self.variables * 2 {
            SlotKind::Group
        } else {
            SlotKind::Path
        }
    }

    pub(super) fn put_slot(&mut self, slot: u32, ty: Ty) {
        self.put(slot, ty);
    }

    /// The slots changed since `mark`.
    pub(super) fn touched(&self, mark: usize) -> Vec<u32> {
        let mut slots: Vec<u32> = self.trail[mark..].iter().map(|it| it.0).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Forgets paths that go through one of `fields`.
    pub(super) fn forget_named(&mut self, matches: &dyn Fn(Symbol) -> bool) {
        for at in 0..self.paths.len() {
            let slot = self.variables * 2 + at as u32;
            if self.slots[slot as usize] == Ty::NONE {
                continue;
            }
            let mut next = slot;
            while let Some(path) = self.path(next) {
                if matches(path.key) {
                    self.put(slot, Ty::NONE);
                    break;
                }
                next = path.parent;
            }
        }
    }
}

pub(super) enum SlotKind {
    Variable(Variable),
    Group,
    Path,
}
