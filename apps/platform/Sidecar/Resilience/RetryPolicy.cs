using System.Globalization;

namespace ConcertDapr.Sidecar.Resilience;

/// <summary>How often and how fast a failed call is repeated.</summary>
/// <param name="MaxRetries">−1 is without limit.</param>
/// <param name="HttpCodes">Statuses that are repeated; null is all. Failures without a status are always repeated.</param>
internal sealed record RetryPolicy(
    bool Exponential, TimeSpan Duration, TimeSpan MaxInterval, int MaxRetries, StatusRanges? HttpCodes, StatusRanges? GrpcCodes)
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(15);

    public static RetryPolicy Constant(TimeSpan pause, int retries) => new(false, pause, TimeSpan.Zero, retries, null, null);

    /// <summary>The pause before retry number <paramref name="retry"/> (from 0), or null when it is over.</summary>
    public TimeSpan? PauseBefore(int retry, TimeSpan elapsed)
    {
        if (MaxRetries >= 0 && retry >= MaxRetries) return null;
        if (!Exponential) return Duration;
        if (elapsed > GiveUpAfter) return null;
        var pause = TimeSpan.FromMilliseconds(Math.Min(500 * Math.Pow(1.5, Math.Min(retry, 60)), MaxInterval.TotalMilliseconds));
#pragma warning disable CA5394 // Jitter needs no cryptographic strength.
        return pause * (0.5 + Random.Shared.NextDouble());
#pragma warning restore CA5394
    }

    public bool Covers(Exception failure) => failure is not StatusFailure { HttpStatus: { } status } || HttpCodes is null || HttpCodes.Contains(status);
}

/// <summary>Numbers and ranges such as <c>429,500-599</c>.</summary>
internal sealed class StatusRanges
{
    private readonly List<(int From, int To)> ranges = [];

    public static StatusRanges? TryParse(string text)
    {
        var result = new StatusRanges();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-', 2);
            if (!Number(ends[0], out var from) || !Number(ends[^1], out var to) || from > to) return null;
            result.ranges.Add((from, to));
        }
        return result;
    }

    public bool Contains(int status) => ranges.Exists(range => status >= range.From && status <= range.To);

    private static bool Number(string text, out int number) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

/// <summary>A call that was answered with a failing status.</summary>
internal class StatusFailure(int? httpStatus, string message) : Exception(message)
{
    public int? HttpStatus { get; } = httpStatus;
}
