package kql

import "strings"

// datetimeFunctions are the functions over points and spans of time. now and ago
// are constants of the plan and stand in coreFunctions.
var datetimeFunctions = []Function{
	{Name: "startofday", Naming: NameFirst, Signatures: periodStart},
	{Name: "startofweek", Signatures: periodStart},
	{Name: "startofmonth", Signatures: periodStart},
	{Name: "startofyear", Signatures: periodStart},
	{Name: "endofday", Signatures: periodStart},
	{Name: "endofweek", Signatures: periodStart},
	{Name: "endofmonth", Signatures: periodStart},
	{Name: "endofyear", Signatures: periodStart},

	{Name: "dayofweek", Signatures: ofDate(Timespan)},
	{Name: "dayofmonth", Signatures: ofDate(Int)},
	{Name: "dayofyear", Signatures: ofDate(Int)},
	{Name: "hourofday", Signatures: ofDate(Int)},
	{Name: "week_of_year", Aliases: []string{"weekofyear"}, Signatures: ofDate(Int)},
	// The official binder says int of these three; the engine gives long.
	{Name: "monthofyear", Signatures: ofDate(Long)},
	{Name: "getmonth", Signatures: ofDate(Long)},
	{Name: "getyear", Signatures: ofDate(Long)},

	{Name: "datetime_part", Aliases: []string{"datepart"}, Signatures: []Signature{{Params: []ParamType{Of(String), Of(Datetime)}, Min: 2, Returns: Int}}},
	{Name: "datetime_diff", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Datetime), Of(Datetime)}, Min: 3, Returns: Long}}},
	{Name: "datetime_add", Signatures: []Signature{{Params: []ParamType{Of(String), Of(Long), Of(Datetime)}, Min: 3, Returns: Datetime}}},

	{Name: "make_datetime", Naming: NameOnly, Bind: bindMakeDatetime},
	{Name: "make_timespan", Naming: NameOnly, Bind: bindMakeTimespan},
	{Name: "format_datetime", Naming: NameFirst, Bind: bindFormat(Datetime, "yMdhHmsfFt")},
	{Name: "format_timespan", Naming: NameFirst, Bind: bindFormat(Timespan, "dhHmsfF")},

	{Name: "unixtime_seconds_todatetime", Signatures: unixTime},
	{Name: "unixtime_milliseconds_todatetime", Signatures: unixTime},
	{Name: "unixtime_microseconds_todatetime", Signatures: unixTime},
	{Name: "unixtime_nanoseconds_todatetime", Signatures: unixTime},

	{Name: "datetime_utc_to_local", Signatures: []Signature{{Params: []ParamType{Of(Datetime), Of(String)}, Min: 2, Returns: Datetime}}},
	{Name: "datetime_local_to_utc", Signatures: []Signature{{Params: []ParamType{Of(Datetime), Of(String)}, Min: 2, Returns: Datetime}}},
}

var (
	periodStart = []Signature{{Params: []ParamType{Of(Datetime), Of(Long)}, Min: 1, Returns: Datetime}}
	unixTime    = []Signature{
		{Params: []ParamType{Of(Long)}, Min: 1, Returns: Datetime},
		{Params: []ParamType{Of(Real)}, Min: 1, Returns: Datetime},
	}
)

// ofDate is a function of a date alone.
func ofDate(t Type) []Signature {
	return []Signature{{Params: []ParamType{Of(Datetime)}, Min: 1, Returns: t}}
}

// bindMakeDatetime is make_datetime(year, month, day, hour, minute, second), the
// clock being 0 where it is not given, or a conversion of one value.
func bindMakeDatetime(c *Binding) (Expr, error) {
	if len(c.Args) == 1 {
		return &Call{T: Datetime, Func: "todatetime", Args: c.Args, At: c.At}, nil
	}
	args, t, err := c.Choose([]Signature{{Params: []ParamType{Of(Long), Of(Long), Of(Long), Of(Long), Of(Long), Of(Real)}, Min: 3, Returns: Datetime}})
	if err != nil {
		return nil, err
	}
	clock := []Expr{&Const{Long, int64(0)}, &Const{Long, int64(0)}, &Const{Real, 0.0}}
	return c.Call(t, append(args, clock[len(args)-3:]...)...), nil
}

// bindMakeTimespan is make_timespan(days, hours, minutes, seconds), of which the
// days and then the seconds may be missing, or a conversion of one value.
func bindMakeTimespan(c *Binding) (Expr, error) {
	if len(c.Args) == 1 {
		return &Call{T: Timespan, Func: "totimespan", Args: c.Args, At: c.At}, nil
	}
	args, t, err := c.Choose([]Signature{
		{Params: []ParamType{Of(Long), Of(Long), Of(Real)}, Min: 2, Returns: Timespan},
		{Params: []ParamType{Of(Long), Of(Long), Of(Long), Of(Real)}, Min: 4, Returns: Timespan},
	})
	if err != nil {
		return nil, err
	}
	if len(args) == 2 {
		args = append(args, &Const{Real, 0.0})
	}
	if len(args) == 3 {
		args = append([]Expr{&Const{Long, int64(0)}}, args...)
	}
	return c.Call(t, args...), nil
}

// bindFormat is format_datetime and format_timespan. A constant format is looked
// at here: it has letters of fields, and between them certain delimiters.
func bindFormat(t Type, fields string) func(c *Binding) (Expr, error) {
	return func(c *Binding) (Expr, error) {
		args, returns, err := c.Choose([]Signature{{Params: []ParamType{Of(t), Of(String)}, Min: 2, Returns: String}})
		if err != nil {
			return nil, err
		}
		if k, ok := args[1].(*Const); ok {
			format, _ := k.Value.(string)
			single := strings.Contains(strings.ReplaceAll(format, "tt", ""), "t")
			if strings.Trim(format, fields+" /-:,._[]") != "" || single {
				return nil, c.Fail(1, "", "the format %q has what is no field: fields are runs of %s and delimiters / - : , . _ [ ] and space", format, fields)
			}
		}
		return c.Call(returns, args...), nil
	}
}
