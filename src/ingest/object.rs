//! Types that read JSON objects leniently: unknown members are skipped, null means absent, of a member that stands
//! twice the later counts. A wrong type is an error.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess};

use crate::base::Name;

/// Declares a struct with the member each field is read from. Every field type has a default, which stands for both
/// an absent member and null.
macro_rules! object {
    ($($(#[$meta:meta])* $vis:vis struct $name:ident $(<$life:lifetime>)? {
        $($field:ident: $type:ty = $key:literal,)*
    })*) => {$(
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name $(<$life>)? { $($vis $field: $type,)* }

        impl<'de> serde::Deserialize<'de> for $name $(<$life>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types, reason = "members are named as the fields they fill")]
                enum Member { $($field,)* Other }

                impl<'de> serde::Deserialize<'de> for Member {
                    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Member, D::Error> {
                        struct Visitor;
                        impl serde::de::Visitor<'_> for Visitor {
                            type Value = Member;

                            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                                f.write_str("a member name")
                            }

                            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Member, E> {
                                Ok(match text { $($key => Member::$field,)* _ => Member::Other })
                            }
                        }
                        deserializer.deserialize_identifier(Visitor)
                    }
                }

                struct Visitor;
                impl<'de> serde::de::Visitor<'de> for Visitor {
                    type Value = $name $(<$life>)?;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(member) = map.next_key()? {
                            match member {
                                $(Member::$field => {
                                    object.$field = map.next_value::<Option<$type>>()?.unwrap_or_default();
                                })*
                                Member::Other => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Visitor)
            }
        }
    )*};
}

pub(crate) use object;

/// An object by its members in file order, whatever they are called.
pub struct Members<K, V>(pub Vec<(K, V)>);

impl<K, V> Default for Members<K, V> {
    fn default() -> Members<K, V> {
        Members(Vec::new())
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de> + Default> Deserialize<'de> for Members<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<K, V>(PhantomData<(K, V)>);
        impl<'de, K: Deserialize<'de>, V: Deserialize<'de> + Default> de::Visitor<'de> for Visitor<K, V> {
            type Value = Members<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(key) = map.next_key()? {
                    members.push((key, map.next_value::<Option<V>>()?.unwrap_or_default()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visitor(PhantomData))
    }
}

/// A string that is looked at before anybody decides to keep it: borrowed from the file where it holds no escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text<'de>(pub Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'de>, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The member names of an object; its values are stepped over, never copied.
#[derive(Default)]
pub struct Keys(pub Vec<Name>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut keys = Vec::new();
                while let Some(key) = map.next_key()? {
                    map.next_value::<IgnoredAny>()?;
                    keys.push(key);
                }
                Ok(Keys(keys))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// A member of any type, of which only its presence counts; null is absence.
#[derive(Clone, Copy, Default)]
pub struct Present(pub bool);

impl<'de> Deserialize<'de> for Present {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Present, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Present(true))
    }
}

/// A moment: RFC 3339 text, or seconds since 1970 as the first AWS CLI prints them. Text that is no time is as good as
/// absent: an object is not lost over its date.
#[derive(Clone, Copy, Default)]
pub struct Time(pub Option<Timestamp>);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Time;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Time, E> {
                Ok(Time(text.parse().ok()))
            }

            fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Time, E> {
                Ok(Time(i64::try_from(seconds).ok().and_then(|it| Timestamp::from_second(it).ok())))
            }

            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Time, E> {
                Ok(Time(Timestamp::from_second(seconds).ok()))
            }

            fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Time, E> {
                // Saturates; what is out of range then is no time.
                Ok(Time(Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// Text of a scalar: a string as it is, a number or boolean as written. Kubernetes says "int or string" here and there.
#[derive(Clone, Default)]
pub struct Scalar(pub Name);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.into()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(if value { "true" } else { "false" }.into()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string().into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string().into()))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar(number.to_string().into()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A list whose null elements are left out.
pub struct Items<T>(pub Vec<T>);

impl<T> Default for Items<T> {
    fn default() -> Items<T> {
        Items(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Items<T>, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Items<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element::<Option<T>>()? {
                    items.extend(item);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Visitor(PhantomData))
    }
}

impl<T> IntoIterator for Items<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        struct Thing {
            name: Name = "name",
            tags: Items<Name> = "tags",
            at: Time = "at",
        }
    }

    #[test]
    fn null_is_absence_and_the_later_of_two_members_counts() {
        let text = r#"{"name":"a","odd":{"x":[1]},"tags":null,"name":"b","at":1.5}"#;
        let thing: Thing = serde_json::from_str(text).unwrap();
        assert_eq!(thing.name, "b");
        assert!(thing.tags.0.is_empty());
        assert_eq!(thing.at.0, Some("1970-01-01T00:00:01.5Z".parse().unwrap()));
    }

    #[test]
    fn a_wrong_type_is_an_error_and_a_wrong_date_is_not() {
        assert!(serde_json::from_str::<Thing>(r#"{"name":1}"#).is_err());
        assert!(serde_json::from_str::<Thing>(r#"{"tags":{}}"#).is_err());
        assert!(serde_json::from_str::<Thing>(r#"{"at":"yesterday"}"#).unwrap().at.0.is_none());
    }
}
