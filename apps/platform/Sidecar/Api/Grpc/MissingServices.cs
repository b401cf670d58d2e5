using ConcertDapr.Wire;
using ConcertDapr.Wire.Runtime;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>Methods for kinds of components that this sidecar does not have: refused as daprd refuses them without such components.</summary>
internal static class MissingServices
{
    public static GrpcServer AddMissing(this GrpcServer server, SidecarRuntime runtime)
    {
        server.Refuse("GetSecret", GetSecretRequest.Parser, request => SecretRefusal(runtime, request.StoreName))
            .Refuse("GetBulkSecret", StoreRequest.Parser, request => SecretRefusal(runtime, request.StoreName));
        foreach (var name in new[] { "GetConfiguration", "GetConfigurationAlpha1" })
            server.Refuse(name, StoreRequest.Parser, _ => ConfigurationRefusal());
        return server;
    }

    private static GrpcServer Refuse<TRequest>(this GrpcServer server, string method, Google.Protobuf.MessageParser<TRequest> parser,
        Func<TRequest, DaprError> refusal) where TRequest : class, Google.Protobuf.IMessage<TRequest> =>
        server.Operation<TRequest, Empty>(DaprService.Path(method), parser, (request, _) => throw refusal(request));

    private static DaprError SecretRefusal(SidecarRuntime runtime, string store)
    {
        var stores = runtime.Components.Specs.Where(spec => spec.Type.StartsWith("secretstores.", StringComparison.Ordinal)).ToArray();
        return stores.Length == 0
            ? new DaprError(500, "ERR_SECRET_STORES_NOT_CONFIGURED", StatusCode.FailedPrecondition, "secret store is not configured")
            : !stores.Any(spec => spec.Name == store)
                ? new DaprError(401, "ERR_SECRET_STORE_NOT_FOUND", StatusCode.InvalidArgument, $"failed finding secret store with key {store}")
                : new DaprError(501, "ERR_SECRET_GET", StatusCode.Unimplemented, "this sidecar resolves secrets in component manifests only");
    }

    private static DaprError ConfigurationRefusal() =>
        new(500, "ERR_CONFIGURATION_STORE_NOT_CONFIGURED", StatusCode.FailedPrecondition, "configuration stores not configured")
        {
            Details = [new ErrorDetail.Info("ERR_CONFIGURATION_STORE_NOT_CONFIGURED", null)],
        };
}
