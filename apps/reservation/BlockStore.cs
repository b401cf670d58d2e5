using System.Collections.Concurrent;
using System.Collections.Immutable;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;

namespace ConcertDapr.Reservation;

/// <summary>
/// The only place that touches seat blocks: <c>block/{showId}/{n} → SeatBlock</c>. Every change is a compare-and-set on the
/// block's ETag; decisions that meet at one block in this replica share one. A block missing from Redis is rebuilt from
/// Postgres before it is used.
/// </summary>
internal sealed class BlockStore(DaprClient dapr, BlockLock blockLock, ReservationStore rows, TimeProvider clock)
{
    private const int MostAttempts = 20;
    private const int MostAtOnce = 200;

    private readonly ConcurrentDictionary<(ShowId, int), Batcher<Change, BlockOutcome>> _batchers = new();

    /// <summary>Takes seats: decides on the current block under the Dapr lock and stores what was granted.</summary>
    /// <exception cref="BlockBusyException">Others were faster too many times in a row.</exception>
    public Task<BlockOutcome> HoldAsync(ShowId show, int block, Func<SeatBlock, BlockOutcome> decide) => AddAsync(show, block, new(decide, Locked: true));

    /// <summary>Decides on the current block and stores what was granted; decides anew where another writer was faster.</summary>
    /// <exception cref="BlockBusyException">Others were faster too many times in a row.</exception>
    public Task<BlockOutcome> UpdateAsync(ShowId show, int block, Func<SeatBlock, BlockOutcome> decide) => AddAsync(show, block, new(decide, Locked: false));

    /// <summary>Changes a block whatever its state is.</summary>
    public Task ChangeAsync(ShowId show, int block, Func<SeatBlock, SeatBlock> change) =>
        UpdateAsync(show, block, current => new BlockOutcome.Granted(change(current), default));

    /// <summary>All blocks of a show at once; those missing from Redis come from Postgres.</summary>
    public async Task<IReadOnlyList<SeatBlock>> ReadAllAsync(ShowId show, int blocks)
    {
        var keys = Enumerable.Range(0, blocks).Select(n => Key(show, n)).ToList();
        var found = (await dapr.GetBulkStateAsync<SeatBlock?>(Apps.StateStore, keys, parallelism: 16)).ToDictionary(i => i.Key, i => i.Value);
        if (found.Values.All(b => b is not null) && found.Count == blocks) return [.. keys.Select(k => found[k]!)];
        var rebuilt = await rows.MarksAsync(show);
        return [.. keys.Select((k, n) => found.GetValueOrDefault(k) ?? Rebuild(rebuilt, n))];
    }

    private Task<BlockOutcome> AddAsync(ShowId show, int block, Change change) =>
        _batchers.GetOrAdd((show, block), at => new(MostAtOnce, changes => ApplyAsync(at.Item1, at.Item2, changes))).AddAsync(change);

    private async Task<IReadOnlyList<BlockOutcome>> ApplyAsync(ShowId show, int block, IReadOnlyList<Change> changes)
    {
        var (loaded, etag) = await LoadAsync(show, block);
        var (next, outcomes) = await DecideAsync(loaded, changes);
        // Losers of a hot seat learn it here, for the price of one read.
        if (ReferenceEquals(next, loaded)) return outcomes;
        return changes.Any(c => c.Locked)
            ? await blockLock.RunAsync($"reserve/{show}/{block}", () => SaveAsync(show, block, changes, next, etag, outcomes))
            : await SaveAsync(show, block, changes, next, etag, outcomes);
    }

    private async Task<IReadOnlyList<BlockOutcome>> SaveAsync(ShowId show, int block, IReadOnlyList<Change> changes, SeatBlock next, string etag,
        IReadOnlyList<BlockOutcome> outcomes)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await TrySaveAsync(show, block, next, etag)) return outcomes;
            ReservationMetrics.Overtaken.Add();
            SeatBlock loaded;
            (loaded, etag) = await LoadAsync(show, block);
            (next, outcomes) = await DecideAsync(loaded, changes);
            if (ReferenceEquals(next, loaded)) return outcomes;
        }
        ReservationMetrics.Busy.Add();
        throw new BlockBusyException(show, block);
    }

    /// <summary>Applies changes one after the other, each to what the ones before left.</summary>
    private async Task<(SeatBlock Next, IReadOnlyList<BlockOutcome> Outcomes)> DecideAsync(SeatBlock block, IReadOnlyList<Change> changes)
    {
        var outcomes = new List<BlockOutcome>(changes.Count);
        foreach (var change in changes)
        {
            var outcome = change.Decide(block);
            if (outcome is BlockOutcome.Unsettled unsettled)
            {
                block = await SettleAsync(block, unsettled.Reservations);
                outcome = change.Decide(block);
            }
            if (outcome is BlockOutcome.Granted granted) block = granted.Next;
            outcomes.Add(outcome);
        }
        return (block, outcomes);
    }

    private async Task<(SeatBlock Block, string ETag)> LoadAsync(ShowId show, int block)
    {
        var (stored, etag) = await dapr.GetStateAndETagAsync<SeatBlock?>(Apps.StateStore, Key(show, block));
        return stored is not null ? (stored, etag) : (Rebuild(await rows.MarksAsync(show), block), "");
    }

    private Task<bool> TrySaveAsync(ShowId show, int block, SeatBlock next, string etag) => etag.Length > 0
        ? dapr.TrySaveStateAsync(Apps.StateStore, Key(show, block), next, etag)
        : dapr.TryCreateStateAsync(Apps.StateStore, Key(show, block), next);

    /// <summary>Ends confirms that never did: Postgres says whether tickets exist; where not, it now bars them.</summary>
    private async Task<SeatBlock> SettleAsync(SeatBlock block, IReadOnlyList<ReservationId> reservations)
    {
        foreach (var id in reservations)
        {
            var numbers = block.Marks.Where(m => m.Value.By == id).Select(m => m.Key).ToList();
            block = await rows.SettleAsync(id) ? block.Sell(numbers, id) : block.Free(numbers, id);
        }
        return block;
    }

    private SeatBlock Rebuild(IReadOnlyList<(SeatId Seat, SeatMark Mark)> marks, int block)
    {
        var now = clock.GetUtcNow();
        return new(marks.Where(m => m.Seat.Block == block && m.Mark.Binds(now)).ToImmutableSortedDictionary(m => m.Seat.Number, m => m.Mark));
    }

    private static string Key(ShowId show, int block) => $"block/{show}/{block}";

    private sealed record Change(Func<SeatBlock, BlockOutcome> Decide, bool Locked);
}

/// <summary>A block changed under every attempt to change it; the caller may try again.</summary>
internal sealed class BlockBusyException(ShowId show, int block) : TimeoutException($"Block {block} of show {show} is too busy.");
