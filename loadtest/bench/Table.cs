using System.Globalization;

namespace ConcertDapr.Bench;

/// <summary>The lines of the result: printed as they come, and all together at the end.</summary>
internal sealed class Table
{
    private const string Head = "                                                        per second   p50 ms   p99 ms   cpu µs    share";

    private readonly List<string> _lines = [];

    /// <summary>A limit: what others are shares of.</summary>
    public double Limit(string what, double perSecond)
    {
        Add(Line(what, perSecond, null, null, null, "1"));
        return perSecond;
    }

    /// <inheritdoc cref="Limit(string, double)"/>
    public double Limit(string what, Rate rate)
    {
        Add(Line(what, rate, "1"));
        return rate.PerSecond;
    }

    /// <summary>A figure as a share of a limit.</summary>
    public void Share(string what, double limit, Rate rate)
    {
        var share = (rate.PerSecond / limit).ToString("0.000", CultureInfo.InvariantCulture);
        Add(Line("  " + what, rate, share));
    }

    /// <summary>A figure by itself.</summary>
    public void Figure(string what, Rate rate) => Add(Line(what, rate, ""));

    /// <summary>Times of a part of the figure above.</summary>
    public void Times(string what, double p50, double p99) => Add(Line(what, null, p50, p99, null, ""));

    /// <summary>Something that is no rate.</summary>
    public void Amount(string what, double amount, string unit) =>
        Add(string.Create(CultureInfo.InvariantCulture, $"{what,-55}{amount,11:#,0.0#} {unit}"));

    /// <summary>What another process measured.</summary>
    public void Foreign(string line) => Add(line);

    /// <summary>Everything once more, in one piece.</summary>
    public void Print()
    {
        Console.WriteLine();
        Console.WriteLine(Head);
        foreach (var line in _lines) Console.WriteLine(line);
    }

    private void Add(string line)
    {
        Console.WriteLine(line);
        _lines.Add(line);
    }

    private static string Line(string what, Rate rate, string share) => Line(what, rate.PerSecond, rate.P50, rate.P99, rate.Processor, share);

    private static string Line(string what, double? perSecond, double? p50, double? p99, double? processor, string share) =>
        string.Create(CultureInfo.InvariantCulture, $"{what,-55}{perSecond,11:#,0.#}{p50,9:0.00}{p99,9:0.00}{processor,9:0}{share,9}");
}
