using ConcertDapr.ServiceDefaults;

namespace ConcertDapr.Gateway.Compat;

/// <summary>
/// The predecessors' paths (<c>Compat:Enabled</c>), for clients and load scripts that shall run unchanged. Where they are off,
/// each of them is 404, also where a path of ours would fit its pattern.
/// </summary>
internal sealed class CompatRoutes(WebApplication app, bool isEnabled)
{
    public void Get(string pattern, Delegate handler) => Map("GET", pattern, handler);

    public void Post(string pattern, Delegate handler) => Map("POST", pattern, handler);

    public void Patch(string pattern, Delegate handler) => Map("PATCH", pattern, handler);

    public void Delete(string pattern, Delegate handler) => Map("DELETE", pattern, handler);

    private void Map(string method, string pattern, Delegate handler) =>
        app.MapMethods(pattern, [method], isEnabled ? handler : NotFound).ExcludeFromDescription();

    private static Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult NotFound() => Problem.NotFound("NOT_FOUND", "There is nothing at this address.");
}

/// <summary>Adds and maps the compatibility endpoints.</summary>
internal static class CompatExtensions
{
    public static void AddCompat(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ServiceCalls>();
        builder.Services.AddSingleton<Programme>();
        builder.Services.AddSingleton<Desk>();
        builder.Services.Configure<RouteOptions>(o => o.ConstraintMap["older"] = typeof(OlderId));
    }

    public static void MapCompat(this WebApplication app, Settings settings)
    {
        var routes = new CompatRoutes(app, settings.Flag("Compat:Enabled", false));
        routes.MapRootPaths();
        routes.MapApiV1Paths();
    }
}

/// <summary>An id as older clients put it into a path: an integer, or what JavaScript makes of none. Ours there are UUIDs.</summary>
internal sealed class OlderId : IRouteConstraint
{
    public bool Match(HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
        values[routeKey]?.ToString() is { } text && (Fields.Parse(text) is not null || text is "undefined" or "null" or "NaN");
}
