using ConcertDapr.Wire;
using ConcertDapr.Wire.Rpc;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api.Grpc;

/// <summary>Operations' errors as gRPC statuses.</summary>
internal static class GrpcErrors
{
    /// <summary>Adds a unary method whose <see cref="DaprError"/>s become gRPC errors with their details.</summary>
    public static GrpcServer Operation<TRequest, TResponse>(this GrpcServer server, string path, MessageParser<TRequest> parser,
        Func<TRequest, GrpcCall, Task<TResponse>> handle) where TRequest : class, IMessage<TRequest> where TResponse : IMessage =>
        server.Unary(path, parser, async (request, call) =>
        {
            try
            {
                return await handle(request, call);
            }
            catch (DaprError e)
            {
                throw e.ToRpc();
            }
        });

    public static RpcException ToRpc(this DaprError error) =>
        GrpcFraming.Error(error.GrpcCode, error.Message, [.. error.Details.Select(ToMessage)]);

    private static IMessage ToMessage(ErrorDetail detail) => detail switch
    {
        ErrorDetail.Info info => Info(info),
        ErrorDetail.Resource resource => new ResourceInfo
        {
            ResourceType = resource.Type,
            ResourceName = resource.Name,
            Owner = resource.Owner,
            Description = resource.Description,
        },
        ErrorDetail.BadRequest bad => new BadRequest
        {
            FieldViolations = { new BadRequest.Types.FieldViolation { Field = bad.Field, Description = bad.Description } },
        },
        ErrorDetail.Help help => new Help { Links = { new Help.Types.Link { Url = help.Url, Description = help.Description } } },
        _ => throw new ArgumentOutOfRangeException(nameof(detail)),
    };

    private static ErrorInfo Info(ErrorDetail.Info info)
    {
        var message = new ErrorInfo { Reason = info.Reason, Domain = "dapr.io" };
        if (info.Metadata is not null)
            message.Metadata.Add(info.Metadata.ToDictionary());
        return message;
    }
}
