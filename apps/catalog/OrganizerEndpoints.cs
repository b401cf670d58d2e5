using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Catalog;

/// <summary>What organizers change; the gateway lets only that role through. Every change is announced and empties the caches.</summary>
internal static class OrganizerEndpoints
{
    public static void MapOrganizing(this WebApplication app)
    {
        app.MapPost("/concerts", Create);
        app.MapPost("/sale", OpenSale);
        app.MapPost("/events/catalog-changed", Changed);
    }

    internal static async Task<Results<Created<ConcertResponse>, ProblemHttpResult>> Create(CreateConcertRequest request, ConcertStore concerts,
        CatalogCache cache, EventPublisher events)
    {
        if (Refuse(request) is { } refusal) return refusal;
        var concert = await concerts.CreateAsync(request);
        await AnnounceAsync(concert.ConcertId, cache, events);
        return TypedResults.Created($"/api/v1/concerts/{concert.ConcertId}", concert);
    }

    internal static async Task<Results<Ok<ConcertResponse>, ProblemHttpResult>> OpenSale(ConcertId concertId, OpenSaleRequest request, ConcertStore concerts,
        CatalogCache cache, EventPublisher events, TimeProvider clock)
    {
        if (await concerts.OpenSaleAsync(concertId, request.At ?? clock.GetUtcNow()) is not { } concert)
            return Problem.NotFound("CONCERT_NOT_FOUND", "There is no such concert.", "concertId");
        await AnnounceAsync(concertId, cache, events);
        return TypedResults.Ok(concert);
    }

    internal static Ok Changed(CatalogChanged change, CatalogCache cache)
    {
        cache.Forget(change.ConcertId);
        return TypedResults.Ok();
    }

    private static Task AnnounceAsync(ConcertId concert, CatalogCache cache, EventPublisher events)
    {
        cache.Forget(concert);
        return events.PublishAsync(Topics.CatalogChanged, $"catalog:{concert}:{Guid.CreateVersion7()}", concert.ToString(), new CatalogChanged(concert));
    }

    private static ProblemHttpResult? Refuse(CreateConcertRequest request)
    {
        foreach (var (field, text) in new[] { ("title", request.Title), ("artist", request.Artist), ("venue", request.Venue) })
            if (string.IsNullOrWhiteSpace(text) || text.Length > 200) return Problem.Invalid(field, "A text of 1 to 200 characters is expected.");
        if (request.Dates.Count is < 1 or > 100) return Problem.Invalid("dates", "1 to 100 dates are expected.");
        if (request.Sections.Count is < 1 or > 100) return Problem.Invalid("sections", "1 to 100 sections are expected.");
        for (var i = 0; i < request.Sections.Count; i++)
            if (Refuse(request.Sections[i], $"sections[{i}]") is { } refusal) return refusal;
        return request.Sections.Sum(s => (long)s.Rows) > 5_000 ? Problem.Invalid("sections", "A venue has at most 5,000 rows.") : null;
    }

    // JSON may hold null in a list whose elements are not nullable.
    private static ProblemHttpResult? Refuse(SectionRequest? section, string at)
    {
        if (section is null) return Problem.Invalid(at, "A section is expected.");
        if (string.IsNullOrWhiteSpace(section.Name) || section.Name.Length > 50) return Problem.Invalid($"{at}.name", "1 to 50 characters are expected.");
        if (string.IsNullOrWhiteSpace(section.Grade) || section.Grade.Length > 20) return Problem.Invalid($"{at}.grade", "1 to 20 characters are expected.");
        if (section.Price.Value is < 1 or > 1_000_000_000_000) return Problem.Invalid($"{at}.price", "A price from 1 to 1,000,000,000,000 is expected.");
        if (section.Rows is < 1 or > 5_000) return Problem.Invalid($"{at}.rows", "1 to 5,000 rows are expected.");
        return section.SeatsPerRow is < 1 or > 64 ? Problem.Invalid($"{at}.seatsPerRow", "1 to 64 seats are expected.") : null;
    }
}
