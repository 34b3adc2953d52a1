package storage

// Version is an x-ms-version, "2019-12-12". Being dates, versions compare as
// strings: v >= V2013_08_15 means "2013-08-15 or later".
type Version string

// Versions at which behaviour changes.
const (
	V2009_07_17 Version = "2009-07-17"
	V2009_09_19 Version = "2009-09-19"
	V2011_08_18 Version = "2011-08-18"
	V2012_02_12 Version = "2012-02-12"
	V2013_08_15 Version = "2013-08-15"
	V2014_02_14 Version = "2014-02-14"
	V2015_02_21 Version = "2015-02-21"
	V2015_04_05 Version = "2015-04-05"
	V2016_05_31 Version = "2016-05-31"
	V2017_04_17 Version = "2017-04-17"
	V2017_07_29 Version = "2017-07-29"
	V2017_11_09 Version = "2017-11-09"
	V2018_03_28 Version = "2018-03-28"
	V2018_11_09 Version = "2018-11-09"
	V2019_02_02 Version = "2019-02-02"
	V2019_07_07 Version = "2019-07-07"
	V2019_12_12 Version = "2019-12-12"
	V2020_02_10 Version = "2020-02-10"
	V2020_10_02 Version = "2020-10-02"
	V2020_12_06 Version = "2020-12-06"
	V2021_08_06 Version = "2021-08-06"
	v2025_07_05 Version = "2025-07-05"
	v2026_04_06 Version = "2026-04-06"
	// Newest is the newest version that is accepted unless the node is told to
	// accept all: what azblob v1.8.3 sends. @azure/storage-blob 12.34.0 sends
	// 2026-10-06.
	Newest Version = "2026-12-06"
)
