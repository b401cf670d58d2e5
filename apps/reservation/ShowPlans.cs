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
    private readonly SingleFlight<ShowId, ShowPlan> _plans = new(s_keepFor, clock);

    /// <summary>A show's plan, or null where there is no such show.</summary>
    public Task<ShowPlan?> FindAsync(ShowId show) => _plans.GetAsync(show, () => LoadAsync(show));

    public void Dispose() => _catalog.Dispose();

    private async Task<ShowPlan?> LoadAsync(ShowId show)
    {
        using var response = await _catalog.GetAsync(new Uri($"/layout?showId={show}", UriKind.Relative));
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        return new ShowPlan((await response.Content.ReadFromJsonAsync<ShowLayout>(ConcertJson.Options))!);
    }
}
