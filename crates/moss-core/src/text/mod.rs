//! Words for the keyword side: Unicode word split, lower case, English stems, stop list.
