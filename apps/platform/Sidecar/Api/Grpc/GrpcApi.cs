using ConcertDapr.Sidecar.Workflows;
using ConcertDapr.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>The gRPC API: everything that arrives on the gRPC port.</summary>
internal static class GrpcApi
{
    /// <summary>Adds the services to the branch of the gRPC port.</summary>
    /// <param name="branch">The pipeline of requests on that port (HTTP/2 without TLS).</param>
    public static void Map(IApplicationBuilder branch, SidecarRuntime runtime)
    {
        var options = new GrpcServerOptions
        {
            MaxMessageSize = (int)Math.Min(runtime.Options.MaxBodySize, int.MaxValue),
            ApiToken = runtime.Options.ApiToken,
        };
        var server = new GrpcServer(options, runtime.Loggers.CreateLogger("dapr.runtime.grpc.api"));
        server.AddDapr(runtime).AddMetadata(runtime).AddWorkflowBeta(new WorkflowApi(runtime.Workflows)).AddTaskHub(runtime.Workflows);
        branch.Run(server.HandleAsync);
    }
}
