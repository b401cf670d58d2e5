using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.Serialization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;
using Dapr.Actors.Client;

namespace Dapr.Actors.Remoting;

/// <summary>The body around the wrapped arguments or result.</summary>
[DataContract(Name = "msgBodywrapped", Namespace = "urn:actors")]
internal abstract class WrappedMessage
{
    [DataMember(Name = "value", IsRequired = true, Order = 1)]
    public object? Value { get; set; }
}

/// <inheritdoc />
[DataContract(Name = "WrappedMsgBody", Namespace = "urn:actors")]
internal sealed class WrappedMessageBody : WrappedMessage;

/// <summary>Writes wrapped arguments and results.</summary>
internal abstract class BodySerializer
{
    private static readonly ConditionalWeakTable<JsonSerializerOptions, BodySerializer> JsonBodies = [];

    public static BodySerializer Binary { get; } = new BinaryXml();

    /// <summary>One per options: their knowledge of types is dear to make.</summary>
    public static BodySerializer Json(JsonSerializerOptions options) =>
        JsonBodies.GetValue(options, static key => new JsonBody(key));

    public abstract byte[] Write(object wrapper);

    /// <summary>Null for an empty body.</summary>
    public abstract object? Read(byte[] body, Type wrapperType);

    private sealed class BinaryXml : BodySerializer
    {
        private readonly ConcurrentDictionary<Type, DataContractSerializer> _serializers = new();

        public override byte[] Write(object wrapper)
        {
            using var stream = new MemoryStream();
            using (var writer = XmlDictionaryWriter.CreateBinaryWriter(stream, null, null, ownsStream: false))
                For(wrapper.GetType()).WriteObject(writer, new WrappedMessageBody { Value = wrapper });
            return stream.ToArray();
        }

        public override object? Read(byte[] body, Type wrapperType)
        {
            if (body.Length == 0)
                return null;
            using var reader = XmlDictionaryReader.CreateBinaryReader(body, XmlDictionaryReaderQuotas.Max);
            return ((WrappedMessageBody)For(wrapperType).ReadObject(reader)!).Value;
        }

        private DataContractSerializer For(Type wrapperType) => _serializers.GetOrAdd(wrapperType, static type =>
        {
            var serializer = new DataContractSerializer(typeof(WrappedMessageBody), new DataContractSerializerSettings
            {
                MaxItemsInObjectGraph = int.MaxValue,
                KnownTypes = [typeof(ActorReference), type],
            });
            serializer.SetSerializationSurrogateProvider(new ActorsAsReferences());
            return serializer;
        });
    }

    /// <summary><c>{"value":{…}}</c> around the wrapper's fields.</summary>
    private sealed class JsonBody(JsonSerializerOptions options) : BodySerializer
    {
        private readonly JsonSerializerOptions _options = new(options) { IncludeFields = true };

        public override byte[] Write(object wrapper) => JsonSerializer.SerializeToUtf8Bytes(
            new JsonObject { ["value"] = JsonSerializer.SerializeToNode(wrapper, wrapper.GetType(), _options) }, _options);

        public override object? Read(byte[] body, Type wrapperType)
        {
            if (body.Length == 0)
                return null;
            using var document = JsonDocument.Parse(body);
            return document.RootElement.GetProperty("value").Deserialize(wrapperType, _options);
        }
    }

    /// <summary>Actors among arguments travel as their references and arrive as proxies.</summary>
    private sealed class ActorsAsReferences : ISerializationSurrogateProvider
    {
        public Type GetSurrogateType(Type type) => typeof(IActor).IsAssignableFrom(type) ? typeof(ActorReference) : type;

        public object GetObjectToSerialize(object obj, Type targetType) =>
            obj is IActor ? ActorReference.Get(obj)! : obj;

        public object GetDeserializedObject(object obj, Type targetType) =>
            obj is ActorReference reference && typeof(IActor).IsAssignableFrom(targetType) ? reference.Bind(targetType) : obj;
    }
}
