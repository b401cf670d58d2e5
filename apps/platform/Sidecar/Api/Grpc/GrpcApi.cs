using Microsoft.AspNetCore.Builder;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The gRPC API: everything that arrives on the gRPC port.</summary>
internal static class GrpcApi
{
    /// <summary>Adds the services to the branch of the gRPC port.</summary>
    /// <param name="branch">The pipeline of requests on that port (HTTP/2 without TLS).</param>
    public static void Map(IApplicationBuilder branch, SidecarRuntime runtime)
    {
    }
}
