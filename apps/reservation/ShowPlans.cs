using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;

namespace ConcertDapr.Reservation;

/// <summary>A show's layout, indexed by block.</summary>
internal sealed class ShowPlan(ShowLayout layout)
{
    private readonly SectionLayout[] _byBlock = [.. layout.Sections.SelectMany(s => Enumerable.Repeat(s, s.Rows))];

    public ShowLayout Layout => layout;

    public int Blocks => _byBlock.Length;

    public SectionLayout Section(int block) => _byBlock[block];

    public bool IsOnSale(DateTimeOffset now) => layout.SaleOpensAt <= now;

    /// <summary>Whether a seat exists in this show.</summary>
    public bool Has(SeatId seat) =>
        seat.Show == layout.ShowId && seat.Block < Blocks && seat.Number >= 1 && seat.Number <= _byBlock[seat.Block].SeatsPerRow;

    /// <summary>What the seats cost together.</summary>
    public Points Price(IEnumerable<SeatId> seats) => new(seats.Sum(s => _byBlock[s.Block].Price.Value));
}

/// <summary>Layouts from the catalog, kept for a few seconds; asked for once however many wait (single flight).</summary>
internal sealed class ShowPlans(DaprClient dapr, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan s_keepFor = TimeSpan.FromSeconds(5);

    private readonly HttpClient _catalog = dapr.CreateInvokableHttpClient(Apps.Catalog);
    private readonly ConcurrentDictionary<ShowId, Entry> _plans = new();

    /// <summary>A show's plan, or null where there is no such show.</summary>
    public async Task<ShowPlan?> FindAsync(ShowId show)
    {
        var now = clock.GetUtcNow();
        if (!_plans.TryGetValue(show, out var entry) || entry.Until <= now)
        {
            var fresh = new Entry(now + s_keepFor, new(() => LoadAsync(show)));
            entry = _plans.AddOrUpdate(show, fresh, (_, there) => there.Until <= now ? fresh : there);
        }
        try
        {
            if (await entry.Plan.Value is { } plan) return plan;
        }
        catch
        {
            _plans.TryRemove(new(show, entry));
            throw;
        }
        _plans.TryRemove(new(show, entry));
        return null;
    }

    public void Dispose() => _catalog.Dispose();

    private async Task<ShowPlan?> LoadAsync(ShowId show)
    {
        using var response = await _catalog.GetAsync(new Uri($"/layout?showId={show}", UriKind.Relative));
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        return new ShowPlan((await response.Content.ReadFromJsonAsync<ShowLayout>(ConcertJson.Options))!);
    }

    private sealed record Entry(DateTimeOffset Until, Lazy<Task<ShowPlan?>> Plan);
}
