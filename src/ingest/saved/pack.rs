//! How one value becomes bytes and comes back: fields in declaration order, numbers in as few bytes as they need.
//!
//! Texts, label maps, pod specs, templates, rules and managers stand in tables of the file, and a value holds their
//! number; that keeps the file small, and what was shared in memory is shared again. The macros name every field, so
//! that a field that is added to a fact and forgotten here does not compile.

use jiff::Timestamp;

use crate::base::Name;

use super::tables::{Loaded, Tables};

/// What does not read back, inside one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Bytes into the unpacked frame.
    pub at: usize,
    pub found: String,
    pub expected: &'static str,
}

/// A value of the file.
pub trait Pack: Sized {
    fn pack(&self, out: &mut Packer<'_>);
    fn unpack(input: &mut Unpacker<'_>) -> Result<Self, Bad>;
}

/// Takes values in; the bytes of one frame.
pub struct Packer<'a> {
    pub bytes: Vec<u8>,
    pub tables: &'a mut Tables,
}

impl Packer<'_> {
    pub fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// LEB128.
    pub fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    pub fn text(&mut self, text: &str) {
        let number = self.tables.text(text);
        self.number(number);
    }
}

/// Gives values back. Never reads outside the frame, and never reserves more than the frame can hold.
pub struct Unpacker<'a> {
    bytes: &'a [u8],
    at: usize,
    pub loaded: &'a Loaded,
    /// The number that a text gets that was not said before.
    next_text: usize,
}

impl<'a> Unpacker<'a> {
    /// `base` is how many texts the file had said before this frame.
    pub fn new(bytes: &'a [u8], loaded: &'a Loaded, base: usize) -> Unpacker<'a> {
        Unpacker { bytes, at: 0, loaded, next_text: base }
    }

    pub fn bad(&self, found: impl Into<String>, expected: &'static str) -> Bad {
        Bad { at: self.at, found: found.into(), expected }
    }

    pub fn byte(&mut self) -> Result<u8, Bad> {
        let byte = self.bytes.get(self.at).copied().ok_or_else(|| self.bad("the end of the frame", "a byte"))?;
        self.at += 1;
        Ok(byte)
    }

    pub fn number(&mut self) -> Result<u64, Bad> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return Err(self.bad("a number above 64 bits", "a number"));
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
            shift += 7;
        }
    }

    pub fn small(&mut self) -> Result<u32, Bad> {
        let number = self.number()?;
        u32::try_from(number).map_err(|_| self.bad(number.to_string(), "a number of 32 bits"))
    }

    /// How many values follow: each takes at least one byte, so there cannot be more than bytes left.
    pub fn count(&mut self) -> Result<usize, Bad> {
        let count = self.number()?;
        let left = self.bytes.len() - self.at;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= left)
            .ok_or_else(|| self.bad(format!("a list of {count} in {left} bytes"), "a list that fits into its frame"))
    }

    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Bad> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| self.bad("the end of the frame", "more bytes"))?;
        let bytes = &self.bytes[self.at..end];
        self.at = end;
        Ok(bytes)
    }

    pub fn text(&mut self) -> Result<&'a Name, Bad> {
        let number = self.number()?;
        let at = match number.checked_sub(1) {
            Some(known) => usize::try_from(known).unwrap_or(usize::MAX),
            None => {
                self.next_text += 1;
                self.next_text - 1
            }
        };
        self.loaded
            .texts
            .get(at)
            .ok_or_else(|| self.bad(format!("text number {at}"), "the number of a text in the file"))
    }

    /// An entry of one of the tables.
    pub fn shared<T: Clone>(&mut self, table: &'a [T]) -> Result<T, Bad> {
        let number = self.number()?;
        let entry = usize::try_from(number).ok().and_then(|at| table.get(at));
        entry.cloned().ok_or_else(|| {
            self.bad(format!("entry {number} of a table of {}", table.len()), "the number of a shared part in the file")
        })
    }

    /// Nothing may follow the last value.
    pub fn finish(self) -> Result<(), Bad> {
        let left = self.bytes.len() - self.at;
        if left > 0 { Err(self.bad(format!("{left} more bytes"), "the end of the frame")) } else { Ok(()) }
    }
}

/// A list never reserves more than this at once: what a damaged count promises need not come.
const RESERVED: usize = 256;

impl<T: Pack> Pack for Vec<T> {
    fn pack(&self, out: &mut Packer<'_>) {
        out.number(self.len() as u64);
        self.iter().for_each(|item| item.pack(out));
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Vec<T>, Bad> {
        let count = input.count()?;
        let mut items = Vec::with_capacity(count.min(RESERVED));
        for _ in 0..count {
            items.push(T::unpack(input)?);
        }
        items.shrink_to_fit();
        Ok(items)
    }
}

impl<T: Pack> Pack for Option<T> {
    fn pack(&self, out: &mut Packer<'_>) {
        out.byte(u8::from(self.is_some()));
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Option<T>, Bad> {
        Ok(if bool::unpack(input)? { Some(T::unpack(input)?) } else { None })
    }
}

impl<A: Pack, B: Pack> Pack for (A, B) {
    fn pack(&self, out: &mut Packer<'_>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<(A, B), Bad> {
        Ok((A::unpack(input)?, B::unpack(input)?))
    }
}

impl Pack for Name {
    fn pack(&self, out: &mut Packer<'_>) {
        let number = out.tables.name(self);
        out.number(number);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Name, Bad> {
        input.text().cloned()
    }
}

impl Pack for String {
    fn pack(&self, out: &mut Packer<'_>) {
        out.text(self);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<String, Bad> {
        input.text().map(ToString::to_string)
    }
}

impl Pack for bool {
    fn pack(&self, out: &mut Packer<'_>) {
        out.byte(u8::from(*self));
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<bool, Bad> {
        match input.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(input.bad(other.to_string(), "0 or 1")),
        }
    }
}

impl Pack for u64 {
    fn pack(&self, out: &mut Packer<'_>) {
        out.number(*self);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<u64, Bad> {
        input.number()
    }
}

impl Pack for u32 {
    fn pack(&self, out: &mut Packer<'_>) {
        out.number(u64::from(*self));
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<u32, Bad> {
        input.small()
    }
}

impl Pack for i64 {
    fn pack(&self, out: &mut Packer<'_>) {
        // Zigzag: small numbers of either sign take few bytes.
        out.number(((self << 1) ^ (self >> 63)) as u64);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<i64, Bad> {
        let number = input.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }
}

impl Pack for Timestamp {
    fn pack(&self, out: &mut Packer<'_>) {
        self.as_second().pack(out);
        i64::from(self.subsec_nanosecond()).pack(out);
    }

    fn unpack(input: &mut Unpacker<'_>) -> Result<Timestamp, Bad> {
        let (seconds, nanoseconds) = <(i64, i64)>::unpack(input)?;
        let time = i32::try_from(nanoseconds).ok().and_then(|nano| Timestamp::new(seconds, nano).ok());
        time.ok_or_else(|| input.bad(format!("{seconds} s and {nanoseconds} ns"), "a time"))
    }
}

/// Fields in the order given.
macro_rules! pack_structs {
    ($($type:ty { $($field:ident),* $(,)? })*) => {$(
        impl Pack for $type {
            fn pack(&self, out: &mut Packer<'_>) {
                let Self { $($field),* } = self;
                $($field.pack(out);)*
            }

            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, Bad> {
                $(let $field = Pack::unpack(input)?;)*
                Ok(Self { $($field),* })
            }
        }
    )*};
}

/// One byte that tells the variant, then its fields. Numbers are never given to another variant.
macro_rules! pack_enums {
    ($($type:ty { $($tag:literal $variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?,)* })*) => {$(
        impl Pack for $type {
            fn pack(&self, out: &mut Packer<'_>) {
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($field),* })? => {
                        out.byte($tag);
                        $($($item.pack(out);)*)?
                        $($($field.pack(out);)*)?
                    })*
                }
            }

            fn unpack(input: &mut Unpacker<'_>) -> Result<Self, Bad> {
                Ok(match input.byte()? {
                    $($tag => {
                        $($(let $item = Pack::unpack(input)?;)*)?
                        $($(let $field = Pack::unpack(input)?;)*)?
                        Self::$variant $(($($item),*))? $({ $($field),* })?
                    })*
                    other => return Err(input.bad(format!("variant {other}"), concat!("a known ", stringify!($type)))),
                })
            }
        }
    )*};
}

pub(super) use {pack_enums, pack_structs};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_any_size_read_back() {
        let mut tables = Tables::default();
        let mut out = Packer { bytes: Vec::new(), tables: &mut tables };
        let numbers = [0, 1, 127, 128, u64::from(u32::MAX), u64::MAX];
        let signed = [0, -1, 1, i64::MIN, i64::MAX];
        numbers.iter().for_each(|it| it.pack(&mut out));
        signed.iter().for_each(|it| it.pack(&mut out));
        let bytes = out.bytes;
        let loaded = Loaded::default();
        let mut input = Unpacker::new(&bytes, &loaded, 0);
        for number in numbers {
            assert_eq!(u64::unpack(&mut input), Ok(number));
        }
        for number in signed {
            assert_eq!(i64::unpack(&mut input), Ok(number));
        }
        assert_eq!(input.finish(), Ok(()));
    }

    #[test]
    fn a_count_that_cannot_be_is_refused_before_anything_is_reserved() {
        let loaded = Loaded::default();
        let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0];
        let bad = Vec::<bool>::unpack(&mut Unpacker::new(&bytes, &loaded, 0)).expect_err("too many");
        assert_eq!(bad.expected, "a list that fits into its frame");
        let bytes = [0xff; 12];
        assert!(Unpacker::new(&bytes, &loaded, 0).number().is_err());
    }
}
