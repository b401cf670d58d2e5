using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Logging;
using Dapr;
using Dapr.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.ServiceDefaults.Rooms;

/// <summary>
/// Waiting rooms in memory, as last read. Rooms asked for within the last minute are read again every 200 ms; whoever knows of
/// something newer (a place the reading does not know, an event) has it read at once. However many ask, one read is under way.
/// </summary>
public sealed class RoomSnapshots(DaprClient dapr, TimeProvider clock, ILogger<RoomSnapshots> log) : BackgroundService
{
    private static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan s_forgetAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ConcertId, Entry> _rooms = new();

    /// <summary>Raised after a room changed in memory.</summary>
    public event Action<Room>? Changed;

    /// <summary>The room as last read; read now where it is not in memory. Null where nobody ever joined.</summary>
    public async ValueTask<Room?> GetAsync(ConcertId target)
    {
        var entry = Find(target);
        entry.Asked = clock.GetUtcNow();
        return entry.Room ?? await RefreshAsync(target);
    }

    /// <summary>The room as it bears on a place: where the reading in memory does not show it inside, a reading made just now.</summary>
    public async ValueTask<Room?> GetForAsync(QueuePlace place, DateTimeOffset now)
    {
        var room = await GetAsync(place.Target);
        if (room is not null && room.IsInside(place.Sequence, now)) return room;
        var isFresh = now - Find(place.Target).ReadAt < s_fresh && room?.Issued >= place.Sequence;
        if (isFresh) return room;
        // A reading that was under way already may be older than what its asker knows; the one after it is not.
        var isShared = Find(place.Target).Reading is { IsCompleted: false };
        room = await RefreshAsync(place.Target);
        return isShared && room?.IsInside(place.Sequence, now) != true ? await RefreshAsync(place.Target) : room;
    }

    /// <summary>Reads a room now; callers at the same time share one reading.</summary>
    public Task<Room?> RefreshAsync(ConcertId target)
    {
        var entry = Find(target);
        lock (entry)
        {
            if (entry.Reading is not { IsCompleted: false }) entry.Reading = ReadAsync(target, entry);
            return entry.Reading;
        }
    }

    /// <summary>Takes over what this process just wrote; a reading begun before it does not replace it.</summary>
    public void Put(Room room)
    {
        var entry = Find(room.Target);
        lock (entry) entry.Puts++;
        Show(entry, room, etag: null);
    }

    /// <summary>Takes over that a place was given up, also into the reading under way, which may not know.</summary>
    public void Left(QueuePlace place)
    {
        var entry = Find(place.Target);
        lock (entry)
        {
            entry.LeftMeanwhile.Add(place.Sequence);
            entry.Room = entry.Room?.Without(place.Sequence);
        }
    }

    /// <summary>Keeps a room being read until disposed, for followers who do not ask.</summary>
    public IDisposable Watch(ConcertId target)
    {
        var entry = Find(target);
        entry.Watch(+1);
        return new Watcher(entry);
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        RoomMetrics.Observe(() => _rooms.Values.Select(e => (e.Room, e.ReadAt)), clock);
        using var timer = new PeriodicTimer(s_every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
            foreach (var (target, entry) in _rooms)
                if (entry.Watchers == 0 && clock.GetUtcNow() - entry.Asked > s_forgetAfter) _rooms.TryRemove(target, out _);
                else await PollAsync(target);
    }

    private async Task PollAsync(ConcertId target)
    {
        try
        {
            await RefreshAsync(target);
        }
        catch (DaprException e)
        {
            // The old reading stays in use; sessions in it still end by time, and the next round tries again.
            log.RoomUnreadable(e, target);
        }
    }

    private Entry Find(ConcertId target) => _rooms.GetOrAdd(target, _ => new Entry { Asked = clock.GetUtcNow(), ReadAt = clock.GetUtcNow() });

    private async Task<Room?> ReadAsync(ConcertId target, Entry entry)
    {
        await Task.Yield();
        var (at, puts) = (clock.GetUtcNow(), entry.Puts);
        lock (entry) entry.LeftMeanwhile.Clear();
        var (room, etag) = await dapr.GetStateAndETagAsync<Room?>(Apps.StateStore, Room.Key(target));
        if (entry.Puts != puts) return entry.Room;
        lock (entry) room = entry.LeftMeanwhile.Aggregate(room, (r, sequence) => r?.Without(sequence));
        entry.ReadAt = at;
        if (etag != entry.ETag || room is null) Show(entry, room, etag);
        return room;
    }

    private void Show(Entry entry, Room? room, string? etag)
    {
        (entry.Room, entry.ETag, entry.ReadAt) = (room, etag, clock.GetUtcNow());
        if (room is not null) Changed?.Invoke(room);
    }

    private sealed class Watcher(Entry entry) : IDisposable
    {
        public void Dispose() => entry.Watch(-1);
    }

    private sealed class Entry
    {
        private int _watchers;

        public Room? Room { get; set; }
        public string? ETag { get; set; }
        public int Puts { get; set; }
        public List<long> LeftMeanwhile { get; } = [];
        public DateTimeOffset ReadAt { get; set; }
        public DateTimeOffset Asked { get; set; }
        public Task<Room?>? Reading { get; set; }
        public int Watchers => Volatile.Read(ref _watchers);

        public void Watch(int change) => Interlocked.Add(ref _watchers, change);
    }
}
