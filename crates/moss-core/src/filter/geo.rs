//! Points and circles on the sphere.

use std::fmt;

use super::number;

/// Radius of the sphere in metres.
const EARTH_RADIUS: f64 = 6_371_000.0;
/// Rounding of the distance itself, in metres: a point on the edge must not fall off by it, nor one place
/// written as longitude 180 and -180, or at a pole with any longitude, be two.
const EDGE: f64 = 1e-6;

/// A place in degrees, latitude -90 to 90, longitude -180 to 180.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// The point of `"lat,lng"`, blanks around the parts allowed.
    pub(super) fn parse(text: &str) -> Option<Point> {
        let (latitude, longitude) = text.split_once(',')?;
        let point = Point {
            latitude: number::parse(latitude.trim())?,
            longitude: number::parse(longitude.trim())?,
        };
        let valid = point.latitude.abs() <= 90.0 && point.longitude.abs() <= 180.0;
        valid.then_some(point)
    }

    /// Great-circle distance in metres, by haversine: exact to a micrometre except near the antipode.
    fn distance(self, other: Point) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let apart = (self.longitude - other.longitude).to_radians();
        let across = ((to - from) / 2.0).sin().powi(2) + from.cos() * to.cos() * (apart / 2.0).sin().powi(2);
        2.0 * EARTH_RADIUS * across.sqrt().min(1.0).asin()
    }
}

/// All points within a distance of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Circle {
    centre: Point,
    radius: f64,
}

impl fmt::Display for Circle {
    /// As [`Circle::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Circle { centre, radius } = self;
        write!(f, "{},{},{radius}", centre.latitude, centre.longitude)
    }
}

impl Circle {
    /// The circle of `"lat,lng,radiusMeters"`, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Circle, &'static str> {
        let Some((centre, radius)) = text.rsplit_once(',') else {
            return Err("must be \"lat,lng,radiusMeters\"");
        };
        if text.split(',').count() != 3 {
            return Err("must be \"lat,lng,radiusMeters\"");
        }
        let Some(radius) = number::parse(radius.trim()).filter(|radius| radius.is_finite() && *radius >= 0.0)
        else {
            return Err("radius must be a number, 0 or more");
        };
        let Some(centre) = Point::parse(centre) else {
            return Err("latitude must lie in -90..90 and longitude in -180..180");
        };
        Ok(Circle { centre, radius })
    }

    /// Whether a point lies inside or on the edge.
    pub(super) fn contains(&self, point: Point) -> bool {
        let limit = self.radius + EDGE;
        // Cheap, and settles most points of a large map.
        let north_south = (self.centre.latitude - point.latitude).abs().to_radians() * EARTH_RADIUS;
        north_south <= limit + EDGE && self.centre.distance(point) <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(circle: &str, point: &str) -> bool {
        Circle::parse(circle)
            .unwrap()
            .contains(Point::parse(point).unwrap())
    }

    #[test]
    fn distances_are_those_of_the_sphere() {
        // One degree of a great circle is 6,371,000 * pi / 180 = 111,194.927 m.
        for (from, to) in [
            ("0,0", "0,1"),
            ("0,0", "1,0"),
            ("0,-179.5", "0,179.5"),
            ("89,0", "90,77"),
        ] {
            assert!(within(&format!("{from},111194.927"), to), "{from} {to}");
            assert!(!within(&format!("{from},111194.925"), to), "{from} {to}");
        }
        // Half around: 20,015,086.796 m.
        assert!(within("0,0,20015087", "0,180") && within("90,0,20015087", "-90,0"));
        assert!(!within("0,0,20015086", "0,180"));
    }

    #[test]
    fn the_edge_is_inside_at_radius_zero() {
        for (circle, point) in [
            ("40.7580,-73.9855,0", "40.758,-73.9855"),
            ("12.5,180,0", "12.5,-180"),
            ("90,10,0", "90,-120"),
            ("-90,0,0", "-90.0,180"),
            (" 1 , 2 , 0 ", " 1 , 2 "),
        ] {
            assert!(within(circle, point), "{circle} {point}");
        }
        assert!(!within("40.758,-73.9855,0", "40.758,-73.98551"));
    }

    #[test]
    fn what_is_no_circle_or_point() {
        for text in [
            "",
            "1,2",
            "1,2,3,4",
            "a,b,c",
            "1,2,-1",
            "91,0,1",
            "0,181,1",
            "nan,0,1",
            "0,0,inf",
            "0,0,1e999",
            "1 2 3",
            "1,,3",
        ] {
            assert!(Circle::parse(text).is_err(), "{text}");
        }
        for text in ["", "1", "1,2,3", "90.01,0", "0,-180.1", "x,1", "1;2", "1e999,0"] {
            assert_eq!(Point::parse(text), None, "{text}");
        }
    }
}
