using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Reservation;

/// <summary>One reading of a show's seats: the ready answer, and rows as letters for choosing seats.</summary>
internal sealed record SeatMap(byte[] Body, IReadOnlyList<string> Rows);

/// <summary>Seat maps, read once per <see cref="HoldPolicy.MapFor"/> however many ask (single flight).</summary>
internal sealed class SeatMaps(BlockStore blocks, ShowPlans plans, HoldPolicy policy, TimeProvider clock)
{
    private readonly SingleFlight<ShowId, SeatMap> _maps = new(policy.MapFor, clock);

    /// <summary>The map, or null where there is no such show.</summary>
    public Task<SeatMap?> GetAsync(ShowId show) => _maps.GetAsync(show, () => ReadAsync(show));

    /// <summary>Seats for a best-available request, the plan's first sections first; null where there are not enough.</summary>
    public static IReadOnlyList<SeatId>? Choose(ShowPlan plan, IReadOnlyList<string> rows, int quantity, string? grade, bool adjacent)
    {
        var candidates = Enumerable.Range(0, plan.Blocks).Where(b => grade is null || plan.Section(b).Grade == grade);
        var show = plan.Layout.ShowId;
        if (!adjacent)
        {
            var any = candidates.SelectMany(b => Enumerable.Range(0, rows[b].Length).Where(i => rows[b][i] == 'F').Select(i => SeatId.Of(show, b, i + 1)))
                .Take(quantity).ToList();
            return any.Count == quantity ? any : null;
        }
        var run = new string('F', quantity);
        foreach (var block in candidates)
            if (rows[block].IndexOf(run, StringComparison.Ordinal) is var at and >= 0)
                return [.. Enumerable.Range(at + 1, quantity).Select(n => SeatId.Of(show, block, n))];
        return null;
    }

    /// <summary>Reads the rows of a show now, past the cache.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(ShowPlan plan)
    {
        var now = clock.GetUtcNow();
        var read = await blocks.ReadAllAsync(plan.Layout.ShowId, plan.Blocks);
        return [.. read.Select((block, i) => string.Create(plan.Section(i).SeatsPerRow, (block, now), static (row, from) =>
        {
            row.Fill('F');
            foreach (var number in from.block.Marks.Keys.Where(n => n >= 1))
                if (number <= row.Length) row[number - 1] = from.block.Letter(number, from.now);
        }))];
    }

    private async Task<SeatMap?> ReadAsync(ShowId show)
    {
        if (await plans.FindAsync(show) is not { } plan) return null;
        var rows = await RowsAsync(plan);
        int Count(char letter) => rows.Sum(r => r.Count(c => c == letter));
        var sections = plan.Layout.Sections.Select(s => new SectionMap(s.Name, s.Grade, s.Price,
            [.. Enumerable.Range(0, s.Rows).Select(r => new RowMap(r + 1, SeatId.Of(show, s.FirstBlock + r, 1), rows[s.FirstBlock + r]))])).ToList();
        var map = new SeatMapResponse(show, clock.GetUtcNow(), Count('F'), Count('H'), Count('S'), sections);
        return new SeatMap(JsonSerializer.SerializeToUtf8Bytes(map, ConcertJson.Options), rows);
    }
}
