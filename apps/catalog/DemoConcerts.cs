using ConcertDapr.Contracts;
using Npgsql;

namespace ConcertDapr.Catalog;

/// <summary>
/// Demo data (<c>Demo:Seed</c>): three concerts, one of them in a 5,000-seat arena, and the five that load scripts of earlier systems
/// ask for, with 400 seats on each of five dates. Written once.
/// </summary>
internal sealed class DemoConcerts(ConcertStore concerts, TimeProvider clock) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await AddAsync(1, "Northern Lights", "Aurora Quartet", "Harbour Hall", 2,
            new("Stalls", "R", new(90_000), 10, 30), new("Circle", "S", new(60_000), 5, 40));
        await AddAsync(2, "The Big Night", "Seoul Symphonic", "Olympic Arena", 3,
            new("Floor", "VIP", new(150_000), 20, 50), new("Lower tier", "R", new(110_000), 40, 50),
            new("Upper tier", "S", new(80_000), 40, 50));
        await AddAsync(3, "Late at the Cellar", "Trio Minor", "Jazz Cellar", 1, new SectionRequest("Tables", "A", new(30_000), 5, 8));
        foreach (var id in new[] { 101, 202, 303, 404, 505 })
            await AddAsync(id, $"Studio Session {id}", "The House Band", "Studio One", 5, new SectionRequest("Floor", "S", new(5_000), 20, 20));
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task AddAsync(long id, string title, string artist, string venue, int dates, params SectionRequest[] sections)
    {
        if (await concerts.FindAsync(new(id)) is not null) return;
        var first = new DateTimeOffset(clock.GetUtcNow().Date.AddDays(60).AddHours(19), TimeSpan.Zero);
        try
        {
            await concerts.CreateAsync(new(title, artist, venue, clock.GetUtcNow().AddMinutes(-1),
                [.. Enumerable.Range(0, dates).Select(d => first.AddDays(d))], sections), id);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another replica wrote it first.
        }
    }
}
