using System.Globalization;
using System.Text.RegularExpressions;

namespace Dapr.Actors.Runtime;

/// <summary>Durations as timers and reminders write them.</summary>
internal static partial class DurationText
{
    /// <summary><c>1h2m3s4ms</c>; empty for a negative one, which means never.</summary>
    public static string Write(TimeSpan value) => value < TimeSpan.Zero
        ? ""
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{(value.Days * 24) + value.Hours}h{value.Minutes}m{value.Seconds}s{value.Milliseconds}ms");

    /// <summary><c>R{n}/P…</c>, which knows no milliseconds.</summary>
    /// <exception cref="ArgumentException">The value has milliseconds.</exception>
    public static string WriteRepeated(TimeSpan value, int repetitions)
    {
        if (value.Milliseconds > 0)
            throw new ArgumentException(
                "The TimeSpan value, combined with repetition cannot be in milliseconds.", nameof(value));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"R{repetitions}/P{Part(value.Days, 'D')}T{Part(value.Hours, 'H')}")
            + Part(value.Minutes, 'M') + Part(value.Seconds, 'S');
    }

    /// <summary>Go or ISO 8601 durations, <c>@every</c> and repetitions; nothing at all is −1 ms, never.</summary>
    /// <exception cref="FormatException">It is none of them.</exception>
    public static TimeSpan Read(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return TimeSpan.FromMilliseconds(-1);
        if (text.StartsWith("@every ", StringComparison.Ordinal))
            text = text["@every ".Length..];
        if (Iso().Match(text) is { Success: true } iso)
            return new TimeSpan(
                Number(iso, "y") * 365 + Number(iso, "mo") * 30 + Number(iso, "w") * 7 + Number(iso, "d"),
                Number(iso, "h"), Number(iso, "m"), Number(iso, "s"));
        if (Go().Match(text) is not { Success: true } go)
            throw new FormatException($"'{text}' is not a duration.");

        var sum = TimeSpan.Zero;
        for (var i = 0; i < go.Groups["n"].Captures.Count; i++)
            sum += double.Parse(go.Groups["n"].Captures[i].ValueSpan, CultureInfo.InvariantCulture)
                * Unit(go.Groups["u"].Captures[i].Value);
        return text[0] == '-' ? -sum : sum;
    }

    private static string Part(int value, char unit) =>
        value > 0 ? string.Create(CultureInfo.InvariantCulture, $"{value}{unit}") : "";

    private static int Number(Match match, string group) => match.Groups[group].Success
        ? int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture)
        : 0;

    private static TimeSpan Unit(string unit) => unit switch
    {
        "h" => TimeSpan.FromHours(1),
        "m" => TimeSpan.FromMinutes(1),
        "s" => TimeSpan.FromSeconds(1),
        "ms" => TimeSpan.FromMilliseconds(1),
        "ns" => TimeSpan.Zero,
        _ => TimeSpan.FromMicroseconds(1),
    };

    [GeneratedRegex(@"^(R\d+/)?P((?<y>\d+)Y)?((?<mo>\d+)M)?((?<w>\d+)W)?((?<d>\d+)D)?"
        + @"(T((?<h>\d+)H)?((?<m>\d+)M)?((?<s>\d+)S)?)?$")]
    private static partial Regex Iso();

    [GeneratedRegex(@"^-?((?<n>\d+(\.\d+)?)(?<u>h|ms|m|s|us|µs|ns))+$|^-?(?<n>0)(?<u>)$")]
    private static partial Regex Go();
}
