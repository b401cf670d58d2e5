using System.Collections.Immutable;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;

namespace ConcertDapr.Reservation;

/// <summary>
/// The only place that touches seat blocks: <c>block/{showId}/{n} → SeatBlock</c>. Every change is a compare-and-set on the
/// block's ETag. A block missing from Redis is rebuilt from Postgres before it is used.
/// </summary>
internal sealed class BlockStore(DaprClient dapr, ReservationStore rows, TimeProvider clock)
{
    private const int MostAttempts = 40;

    /// <summary>Reads a block without intending to change it.</summary>
    public async Task<SeatBlock> ReadAsync(ShowId show, int block) => (await LoadAsync(show, block)).Block;

    /// <summary>Decides on the current block and stores what was granted; decides anew where another writer was faster.</summary>
    /// <exception cref="BlockBusyException">Others were faster too many times in a row.</exception>
    public async Task<BlockOutcome> UpdateAsync(ShowId show, int block, Func<SeatBlock, BlockOutcome> decide)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var (current, etag) = await LoadAsync(show, block);
            var outcome = decide(current);
            if (outcome is BlockOutcome.Unsettled unsettled) await SettleAsync(show, block, unsettled.Reservations);
            else if (outcome is not BlockOutcome.Granted granted || ReferenceEquals(granted.Next, current)) return outcome;
            else if (await SaveAsync(show, block, granted.Next, etag)) return outcome;
        }
        throw new BlockBusyException(show, block);
    }

    /// <summary>Changes a block unconditionally in what it decides, conditionally in storing it.</summary>
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

    private async Task<(SeatBlock Block, string ETag)> LoadAsync(ShowId show, int block)
    {
        var (stored, etag) = await dapr.GetStateAndETagAsync<SeatBlock?>(Apps.StateStore, Key(show, block));
        return stored is not null ? (stored, etag) : (Rebuild(await rows.MarksAsync(show), block), "");
    }

    private Task<bool> SaveAsync(ShowId show, int block, SeatBlock next, string etag) => etag.Length > 0
        ? dapr.TrySaveStateAsync(Apps.StateStore, Key(show, block), next, etag)
        : dapr.TryCreateStateAsync(Apps.StateStore, Key(show, block), next);

    /// <summary>Ends confirms that never did: Postgres says whether tickets exist; where not, it now bars them.</summary>
    private async Task SettleAsync(ShowId show, int block, IReadOnlyList<ReservationId> reservations)
    {
        foreach (var id in reservations)
        {
            var sold = await rows.SettleAsync(id);
            await ChangeAsync(show, block, current =>
            {
                var numbers = current.Marks.Where(m => m.Value.By == id).Select(m => m.Key).ToList();
                return sold ? current.Sell(numbers, id) : current.Free(numbers, id);
            });
        }
    }

    private SeatBlock Rebuild(IReadOnlyList<(SeatId Seat, SeatMark Mark)> marks, int block)
    {
        var now = clock.GetUtcNow();
        return new(marks.Where(m => m.Seat.Block == block && m.Mark.Binds(now)).ToImmutableSortedDictionary(m => m.Seat.Number, m => m.Mark));
    }

    private static string Key(ShowId show, int block) => $"block/{show}/{block}";
}

/// <summary>A block changed under every attempt to change it; the caller may try again.</summary>
internal sealed class BlockBusyException(ShowId show, int block) : TimeoutException($"Block {block} of show {show} is too busy.");
