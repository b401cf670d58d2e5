using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace ConcertDapr.Catalog;

/// <summary>What fans read. Answers are bytes made once per change and sent with an ETag.</summary>
internal static class ConcertEndpoints
{
    public static void MapConcerts(this WebApplication app)
    {
        app.MapGet("/concerts", Page);
        app.MapGet("/concert", One);
        app.MapGet("/dates", Dates);
        app.MapGet("/layout", Layout);
    }

    internal static async Task<IResult> Page(HttpContext http, CatalogCache cache, ConcertStore concerts, long after = 0, int limit = 20)
    {
        if (limit is < 1 or > 100) return Problem.Invalid("limit", "A limit from 1 to 100 is expected.");
        return Answer(http, await cache.GetAsync($"page/{after}/{limit}", async () => await concerts.PageAsync(after, limit)));
    }

    internal static async Task<IResult> One(HttpContext http, ConcertId concertId, CatalogCache cache, ConcertStore concerts) =>
        Answer(http, await cache.GetAsync($"concert/{concertId}", () => concerts.FindAsync(concertId)));

    internal static async Task<IResult> Dates(HttpContext http, ConcertId concertId, CatalogCache cache, ConcertStore concerts) =>
        Answer(http, await cache.GetAsync($"dates/{concertId}", async () => (await concerts.FindAsync(concertId))?.Dates));

    internal static async Task<IResult> Layout(HttpContext http, ShowId showId, CatalogCache cache, ConcertStore concerts) =>
        Answer(http, await cache.GetAsync($"layout/{showId}", () => concerts.LayoutAsync(showId)), "showId");

    private static IResult Answer(HttpContext http, CachedAnswer? answer, string field = "concertId")
    {
        if (answer is null) return Problem.NotFound("CONCERT_NOT_FOUND", "There is no such concert or date.", field);
        http.Response.Headers.ETag = answer.ETag;
        http.Response.Headers.CacheControl = "no-cache";
        return http.Request.Headers.IfNoneMatch == answer.ETag
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(answer.Body, "application/json; charset=utf-8");
    }
}
