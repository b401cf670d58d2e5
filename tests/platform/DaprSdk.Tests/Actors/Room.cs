using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Dapr.Actors;
using Dapr.Actors.Runtime;

namespace ConcertDapr.Tests.Actors;

public interface IInherited : IActor
{
    Task<string> NameAsync();
}

public interface IRoom : IInherited
{
    Task<Place> JoinAsync(string who, int seats, CancellationToken token);

    Task LeaveAsync();

    Task<int> CountAsync();

    Task<string?> NothingAsync(string? value);

    Task<string> EchoAsync(string text);

    Task FailAsync(string message);

    Task StartTimersAsync();

    Task StartRemindersAsync();

    Task<string> LastReminderAsync();

    Task<string> ReadReminderAsync(string name);
}

public interface IOther : IActor;

[DataContract]
public sealed record Place(
    [property: DataMember] string Who, [property: DataMember] int Seats, [property: DataMember] string[] Path)
{
    public bool Equals(Place? other) => other is not null && (Who, Seats) == (other.Who, other.Seats) && Path.SequenceEqual(other.Path);

    public override int GetHashCode() => HashCode.Combine(Who, Seats);
}

/// <summary>A service of an actor's scope that remembers its end.</summary>
public sealed class Scoped : IDisposable
{
    public Scoped(string world)
    {
        World = world;
        Made.Add(this);
    }

    public static ConcurrentBag<Scoped> Made { get; } = [];

    public string World { get; }

    public bool Ended { get; private set; }

    public void Dispose() => Ended = true;
}

public sealed class Room(ActorHost host, Scoped scoped) : Actor(host), IRoom, IRemindable
{
    private string _reminder = scoped.World[..0];

    public Task<string> NameAsync() => Task.FromResult(Id.GetId());

    public async Task<Place> JoinAsync(string who, int seats, CancellationToken token)
    {
        await StateManager.AddOrUpdateStateAsync("count", 1, (_, n) => n + 1, token);
        await StateManager.SetStateAsync("last", who, token);
        return new Place(who, seats, [Id.GetId()]);
    }

    public Task LeaveAsync() => Task.CompletedTask;

    public Task<int> CountAsync() => StateManager.GetOrAddStateAsync("count", 0);

    public Task<string?> NothingAsync(string? value) => Task.FromResult(value);

    public Task<string> EchoAsync(string text) => Task.FromResult(text);

    public async Task FailAsync(string message)
    {
        await StateManager.SetStateAsync("count", 99);
        throw new InvalidOperationException(message);
    }

    public async Task StartTimersAsync()
    {
        await RegisterTimerAsync("tick", nameof(OnTickAsync), [1, 2], TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1));
        await RegisterTimerAsync("once", nameof(OnOnceAsync), null, TimeSpan.FromHours(25), Timeout.InfiniteTimeSpan, TimeSpan.FromDays(2));
    }

    public async Task StartRemindersAsync()
    {
        await RegisterReminderAsync("watch", [7], TimeSpan.FromMilliseconds(250), new TimeSpan(0, 0, 1, 0, 5));
        await RegisterReminderAsync("once", null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        await RegisterReminderAsync("five", null, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), 5, TimeSpan.FromHours(1));
    }

    public Task<string> LastReminderAsync() => Task.FromResult(_reminder);

    public async Task<string> ReadReminderAsync(string name)
    {
        var reminder = await GetReminderAsync(name);
        return $"{reminder.Name} {reminder.DueTime} {reminder.Period} {Convert.ToHexString(reminder.State)}";
    }

    public Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period)
    {
        _reminder = $"{reminderName} {Convert.ToHexString(state)} {dueTime} {period}";
        return Task.CompletedTask;
    }

    public static Task OverloadedAsync() => Task.CompletedTask;

    public static Task OverloadedAsync(byte[] data) => Task.FromResult(data);

    public static Task<int> ReturnsValueAsync() => Task.FromResult(1);

    public static Task TakesTwoAsync(byte[] a, byte[] b) => Task.FromResult((a, b));

#pragma warning disable CA1859 // A timer's callback must return Task itself.
    private Task OnTickAsync(byte[] data) => StateManager.AddOrUpdateStateAsync("count", data.Sum(d => d), (_, n) => n + data.Sum(d => d));

    private Task OnOnceAsync() => StateManager.AddOrUpdateStateAsync("count", 100, (_, n) => n + 100);
#pragma warning restore CA1859
}

public sealed class Other(ActorHost host) : Actor(host), IOther;
