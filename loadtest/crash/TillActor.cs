using Dapr.Actors;
using Dapr.Actors.Runtime;

namespace ConcertDapr.Crash;

/// <summary>The calls of <see cref="TillActor"/>.</summary>
public interface ITillActor : IActor
{
    /// <summary>Keeps a number; returns how many it has.</summary>
    Task<int> Add(int number);
}

/// <summary>Keeps every number it is given, in its state, and writes down when each turn begins and ends.</summary>
[Actor(TypeName = Type)]
internal sealed class TillActor(ActorHost host, Ledger ledger) : Actor(host), ITillActor
{
    public const string Type = "Till";
    public const string State = "numbers";

    public async Task<int> Add(int number)
    {
        ledger.Turn(Id.GetId(), number, begins: true);
        var numbers = await StateManager.GetOrAddStateAsync<List<int>>(State, []);
        await Task.Yield();
        await StateManager.SetStateAsync<List<int>>(State, [.. numbers, number]);
        ledger.Turn(Id.GetId(), number, begins: false);
        return numbers.Count + 1;
    }
}
