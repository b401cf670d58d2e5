using System.Globalization;
using System.Text.RegularExpressions;

namespace ConcertDapr.Sidecar.Components;

/// <summary>Durations as Dapr's users write them.</summary>
internal static partial class DurationText
{
    /// <summary>Go syntax (<c>1h30m</c>, <c>-500ms</c>, <c>0</c>).</summary>
    public static bool TryParseGo(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text is "0" or "+0" or "-0") return true;
        var match = GoDuration().Match(text);
        if (!match.Success) return false;
        var ticks = 0.0;
        foreach (Capture part in match.Groups["part"].Captures)
        {
            var number = part.Value.AsSpan().TrimEnd("hmsnuµμ");
            ticks += double.Parse(number, CultureInfo.InvariantCulture) * TicksOf(part.Value[number.Length..]);
        }
        // Go counts nanoseconds: 292 years is the longest.
        if (ticks > long.MaxValue / 100.0) return false;
        duration = TimeSpan.FromTicks((long)Math.Round(text[0] == '-' ? -ticks : ticks));
        return true;
    }

    /// <summary>Go syntax, or a bare integer of milliseconds.</summary>
    public static bool TryParseGoOrMilliseconds(string text, out TimeSpan duration)
    {
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds))
            return TryParseGo(text, out duration);
        duration = TimeSpan.FromMilliseconds(milliseconds);
        return true;
    }

    /// <summary>The duration in Go's own spelling: <c>1h0m0s</c>, <c>1.5s</c>, <c>200ms</c>.</summary>
    public static string ToGo(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero) return "0s";
        var sign = duration < TimeSpan.Zero ? "-" : "";
        duration = duration.Duration();
        if (duration < TimeSpan.FromSeconds(1))
            return sign + (duration < TimeSpan.FromMilliseconds(1)
                ? $"{Number(duration.TotalMicroseconds)}µs"
                : $"{Number(duration.TotalMilliseconds)}ms");
        var seconds = $"{Number(duration.Seconds + duration.Ticks % TimeSpan.TicksPerSecond / (double)TimeSpan.TicksPerSecond)}s";
        if (duration.TotalMinutes < 1) return sign + seconds;
        var minutes = $"{duration.Minutes}m{seconds}";
        return sign + (duration.TotalHours < 1 ? minutes : $"{(long)duration.TotalHours}h{minutes}");
    }

    private static string Number(double value) => value.ToString("0.#######", CultureInfo.InvariantCulture);

    private static double TicksOf(string unit) => unit switch
    {
        "h" => TimeSpan.TicksPerHour,
        "m" => TimeSpan.TicksPerMinute,
        "s" => TimeSpan.TicksPerSecond,
        "ms" => TimeSpan.TicksPerMillisecond,
        "ns" => 0.01,
        _ => TimeSpan.TicksPerMicrosecond,
    };

    [GeneratedRegex(@"^[+-]?(?<part>(\d+(\.\d*)?|\.\d+)(h|ms|m|s|us|µs|μs|ns))+$")]
    private static partial Regex GoDuration();
}
