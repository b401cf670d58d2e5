using Microsoft.AspNetCore.Routing;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps what the sidecar calls to run actors.</summary>
public static class ActorsEndpointRouteBuilderExtensions
{
    public static IEndpointConventionBuilder MapActorsHandlers(this IEndpointRouteBuilder endpoints) =>
        throw new NotImplementedException();
}
