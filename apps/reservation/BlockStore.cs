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

    private readonly ConcurrentDictionary<(ShowId, int), Batcher<Func<SeatBlock, BlockOutcome>, BlockOutcome>> _batchers = new();

    /// <summary>Decides on the current block and stores what was granted; decides anew where another writer was faster.</summary>
    /// <exception cref="BlockBusyException">Others were faster too many times in a row.</exception>
    public Task<BlockOutcome> UpdateAsync(ShowId show, int block, Func<SeatBlock, BlockOutcome> decide) =>
        _batchers.GetOrAdd((show, block), at => new(MostAtOnce, decisions => UpdateManyAsync(at.Item1, at.Item2, decisions))).AddAsync(decide);

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

    private async Task<IReadOnlyList<BlockOutcome>> UpdateManyAsync(ShowId show, int block, IReadOnlyList<Func<SeatBlock, BlockOutcome>> decisions)
    {
        // Losers of a hot seat learn it here, for the price of one read.
        var (seen, _) = await LoadAsync(show, block);
        var quick = decisions.Select(d => d(seen)).ToList();
        if (quick.All(o => ChangesNothing(o, seen))) return quick;
        return await blockLock.RunAsync($"reserve/{show}/{block}", () => DecideAndSaveAsync(show, block, decisions));
    }

    private async Task<IReadOnlyList<BlockOutcome>> DecideAndSaveAsync(ShowId show, int block, IReadOnlyList<Func<SeatBlock, BlockOutcome>> decisions)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var (loaded, etag) = await LoadAsync(show, block);
            var current = loaded;
            var outcomes = new List<BlockOutcome>(decisions.Count);
            foreach (var decide in decisions)
            {
                var outcome = decide(current);
                if (outcome is BlockOutcome.Unsettled unsettled)
                {
                    current = await SettleAsync(current, unsettled.Reservations);
                    outcome = decide(current);
                }
                if (outcome is BlockOutcome.Granted granted) current = granted.Next;
                outcomes.Add(outcome);
            }
            if (ReferenceEquals(current, loaded) || await SaveAsync(show, block, current, etag)) return outcomes;
        }
        throw new BlockBusyException(show, block);
    }

    private async Task<(SeatBlock Block, string ETag)> LoadAsync(ShowId show, int block)
    {
        var (stored, etag) = await dapr.GetStateAndETagAsync<SeatBlock?>(Apps.StateStore, Key(show, block));
        return stored is not null ? (stored, etag) : (Rebuild(await rows.MarksAsync(show), block), "");
    }

    private Task<bool> SaveAsync(ShowId show, int block, SeatBlock next, string etag) => etag.Length > 0
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

    private static bool ChangesNothing(BlockOutcome outcome, SeatBlock block) =>
        outcome is BlockOutcome.Taken || (outcome is BlockOutcome.Granted granted && ReferenceEquals(granted.Next, block));

    private static string Key(ShowId show, int block) => $"block/{show}/{block}";
}

/// <summary>A block changed under every attempt to change it; the caller may try again.</summary>
internal sealed class BlockBusyException(ShowId show, int block) : TimeoutException($"Block {block} of show {show} is too busy.");
