using System.Diagnostics.Metrics;

namespace ConcertDapr.ServiceDefaults;

/// <summary>A counter that is exported from zero on: the first increase of one that appears with it would go unseen.</summary>
/// <param name="name">Its name; several tallies may share one and differ in their label.</param>
/// <param name="unit">OpenTelemetry's unit, in braces for things: <c>{hold}</c>.</param>
/// <param name="meaning">What is counted.</param>
/// <param name="label">Name of the label, where there is one.</param>
/// <param name="value">Its value.</param>
public sealed class Tally(string name, string unit, string meaning, string? label = null, string? value = null)
{
    private readonly KeyValuePair<string, object?>[] _labels = label is null ? [] : [new(label, value)];
    private long _count;

    /// <summary>Counts.</summary>
    public void Add(long count = 1) => Interlocked.Add(ref _count, count);

    /// <summary>Makes tallies visible to whoever exports. Called once per process.</summary>
    public static void Export(params IReadOnlyList<Tally> tallies)
    {
        foreach (var group in tallies.GroupBy(t => t.Name))
            ConcertTelemetry.Meter.CreateObservableCounter(group.Key, () => group.Select(t => t.Measure()), group.First().Unit, group.First().Meaning);
    }

    private string Name => name;

    private string Unit => unit;

    private string Meaning => meaning;

    private Measurement<long> Measure() => new(Interlocked.Read(ref _count), _labels);
}
