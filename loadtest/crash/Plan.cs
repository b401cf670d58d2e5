using System.Text.Json;

namespace ConcertDapr.Crash;

/// <summary>A workflow to be started, and what it must come to.</summary>
internal sealed class Plan
{
    private static readonly string[] s_kinds = ["Chain", "Fan", "Family", "Loop", "Listener", "Gatherer", "Flaky", "Doomed"];
    private readonly Dictionary<(string Instance, string Name), int> _effects = [];

    public Plan(int number, Random random)
    {
        Kind = s_kinds[number % s_kinds.Length];
        Id = $"{Kind.ToLowerInvariant()}-{number}";
        Carry = random.Next(1000);
        Notes = Kind is "Listener" or "Gatherer" ? [.. Enumerable.Range(0, Journeys.Notes).Select(n => $"{Id}-n{n}")] : [];
        IsPurged = Kind is "Chain" or "Family" && random.Next(4) == 0;
        Output = Forecast();
    }

    public string Kind { get; }

    public string Id { get; }

    public int Carry { get; }

    /// <summary>Events to be raised.</summary>
    public string[] Notes { get; }

    /// <summary>Whether it is to be purged, with its children, once it has ended.</summary>
    public bool IsPurged { get; }

    public string Input => Kind is "Loop" or "Gatherer"
        ? JsonSerializer.Serialize(Round.First(Carry), JsonSerializerOptions.Web) : $"{Carry}";

    /// <summary>The end's output as JSON; null where it is terminated.</summary>
    public string? Output { get; }

    /// <summary>Every effect there must be; a gatherer that was told something twice has more rounds.</summary>
    public IReadOnlyDictionary<(string Instance, string Name), int> Effects => _effects;

    private string? Forecast() => Kind switch
    {
        "Chain" => $"{Chain(Id)}",
        "Fan" => $"{Fan(Id)}",
        "Family" => $"{Do(Id, "family", Chain(Id + "-a") + Fan(Id + "-b") + Loop(Id + "-c"))}",
        "Loop" => $"{Loop(Id)}",
        "Listener" => $"\"{Rounds("listener/", 1)} {string.Join(' ', Notes)}\"",
        "Gatherer" when Rounds("gatherer/", 0) >= 0 => $"\"{string.Join(' ', Notes)}\"",
        "Flaky" => $"{Flaky()}",
        "Doomed" when Do(Id + "-w", "waiting", Carry) >= 0 => null,
        _ => throw new InvalidOperationException(Kind),
    };

    private int Do(string instance, string effect, int carry) =>
        _effects[(instance, effect)] = new Step(effect, carry).Outcome(instance);

    private int Chain(string id) => Enumerable.Range(0, Journeys.ChainLength).Aggregate(Carry, (carry, i) => Do(id, $"chain/{i}", carry));

    private int Fan(string id) => Do(id, "fan/sum", Enumerable.Range(0, Journeys.FanWidth).Sum(i => Do(id, $"fan/{i}", Carry)));

    private int Loop(string id) => Enumerable.Range(0, Journeys.Rounds).Aggregate(Carry, (carry, i) => Do(id, $"loop/{i}", carry));

    private int Rounds(string name, int first) =>
        Enumerable.Range(first, Journeys.Notes).Aggregate(Carry, (carry, i) => Do(Id, $"{name}{i}", carry));

    private int Flaky() => Do(Id, "undo again", Do(Id, "undo", Do(Id, "stumble", Carry)));
}
