using System.Globalization;
using System.Text.RegularExpressions;
using ConcertDapr.Sidecar.Components;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>A step in time that may have calendar parts.</summary>
internal readonly record struct TimeStep(int Years, int Months, TimeSpan Span)
{
    public bool IsZero => this == default;

    public bool IsNegative => Years < 0 || Months < 0 || Span < TimeSpan.Zero;

    /// <summary>The moment this much later; what lies outside of .NET's calendar becomes its end.</summary>
    public DateTimeOffset After(DateTimeOffset time)
    {
        try
        {
            return time.AddYears(Years).AddMonths(Months) + Span;
        }
        catch (ArgumentOutOfRangeException)
        {
            return DateTimeOffset.MaxValue;
        }
    }
}

/// <summary>How often something repeats.</summary>
/// <param name="Repetitions">Number of firings; null is without end.</param>
/// <param name="HasCalendarParts">Years, months, weeks or days were written.</param>
internal sealed record Period(TimeStep Step, int? Repetitions, bool HasCalendarParts);

/// <summary>Times, durations and periods of timers and reminders.</summary>
internal static partial class ActorTime
{
    /// <summary>An RFC 3339 instant, or a Go or ISO 8601 duration from <paramref name="start"/> on.</summary>
    /// <exception cref="FormatException">Neither, or a duration with repetitions.</exception>
    public static DateTimeOffset Parse(string text, DateTimeOffset start)
    {
        if (text.StartsWith('R')) throw new FormatException("repetitions are not allowed");
        if (TryParseStep(text, out var step, out _)) return step.After(start);
        if (IsInstant(text, out var instant)) return instant;
        throw new FormatException($"unsupported time/duration format: {text}");
    }

    public static bool IsInstant(string text, out DateTimeOffset instant)
    {
        instant = default;
        return Instant().IsMatch(text)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out instant);
    }

    /// <summary>A Go or ISO 8601 duration, the latter with <c>R{n}/</c> before it.</summary>
    /// <exception cref="FormatException">Neither.</exception>
    public static Period ParsePeriod(string text)
    {
        var (repetitions, rest) = ((int?)null, text);
        if (Repetition().Match(text) is { Success: true } match)
        {
            repetitions = int.Parse(match.Groups["n"].ValueSpan, CultureInfo.InvariantCulture);
            rest = match.Groups["rest"].Value;
            if (rest.Length == 0) return new Period(default, repetitions, false);
        }
        return TryParseStep(rest, out var step, out var calendar)
            ? new Period(step, repetitions, calendar)
            : throw new FormatException($"parse error: unsupported duration format: {text}");
    }

    private static bool TryParseStep(string text, out TimeStep step, out bool calendar)
    {
        (step, calendar) = (default, false);
        if (DurationText.TryParseGo(text, out var span) && !text.All(char.IsAsciiDigit))
        {
            step = new TimeStep(0, 0, span);
            return true;
        }
        var match = Iso8601().Match(text);
        if (!match.Success || text is "P" || text.EndsWith('T')) return false;
        calendar = Part("y") + Part("mo") + Part("w") + Part("d") > 0 || text.AsSpan(0, text.Contains('T') ? text.IndexOf('T') : text.Length).ContainsAny("YMWD");
        step = new TimeStep(Part("y"), Part("mo"), new TimeSpan(Part("w") * 7 + Part("d"), Part("h"), Part("m"), Part("s")));
        return true;

        int Part(string name) => match.Groups[name] is { Success: true } group ? int.Parse(group.ValueSpan, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"^R(?<n>\d{1,9})(/(?<rest>.+))?$")]
    private static partial Regex Repetition();

    [GeneratedRegex(@"^P((?<y>\d{1,6})Y)?((?<mo>\d{1,6})M)?((?<w>\d{1,6})W)?((?<d>\d{1,6})D)?(T((?<h>\d{1,6})H)?((?<m>\d{1,6})M)?((?<s>\d{1,9})S)?)?$")]
    private static partial Regex Iso8601();

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")]
    private static partial Regex Instant();
}
