var C,Qt,Gr,ce,st,Ke,Kt,Be,zt,lt,it,qr,De=Symbol.for("pv"),ze={},Ge=[],Yr=/^m(i|n|o|s|text|space)$/,ut=Array.isArray,Gt=Ge.slice,be=Object.assign;function ye(e){e&&e.parentNode&&e.remove()}function Ve(e,t,r,a,o){var s={type:e,props:t,key:r,ref:a,__k:null,__:null,__b:0,__e:null,__c:null,constructor:De,__v:o||++Qt,__i:-1,__u:0};return!o&&C.vnode&&C.vnode(s),s}function w(e){return e.children}function He(e,t){this.props=e,this.context=t,this.__g=0}function de(e,t){if(t==null)return e.__&&de(e.__,e.__i+1);for(var r;t<e.__k.length;t++)if((r=e.__k[t])&&r.__e)return r.__e;return typeof e.type!="function"||e.props.__P?null:de(e)}function jr(e){var t,r=e.__v,a=r.__e,o=[],s=[],i=e.__P;i&&((t=be({constructor:De},r)).__v=r.__v+1,C.vnode&&C.vnode(t),ct(i,t,r,e.__n,i.namespaceURI,32&r.__u?[a]:null,o,a||de(r),32&r.__u,s),t.__v=r.__v,t.__.__k[t.__i]=t,Zt(o,t,s),r.__=r.__e=null,t.__e!=a&&qt(t))}function qt(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),qt(e)}function Vt(e){(8&e.__g||(e.__g|=8,ce.push(e),Ke++))&&st==C.debounceRendering||((st=C.debounceRendering)||queueMicrotask)(Yt)}function Yt(){try{for(var e,t=1;ce.length;)ce.length>t&&ce.sort(Kt),e=ce.shift(),t=ce.length,8&e.__g&&jr(e)}finally{(Ke=ce.length)&&(st||queueMicrotask)(Yt)}}function jt(e,t,r,a,o,s,i,u,c,m,d){var f,g,p,h,x,E,_=a.__k||Ge,v=t.length;for(c=Xr(r,t,_,c,v),f=0;f<v;f++)(p=r.__k[f])!=null&&(g=~p.__i&&_[p.__i]||ze,p.__i=f,E=ct(e,p,g,o,s,i,u,c,m,d),h=p.__e,(g.ref!=p.ref||8&g.__u)&&(g.ref&&dt(g.ref,null,p,g),p.ref&&d.push(p.ref,p.__c||h,p)),x=x||h,4&p.__u?(c=Xt(p,c,e,!g.__v),g.__e&&(g.__e=null)):typeof p.type=="function"&&E!==void 0?c=E:h&&(c=h.nextSibling),p.__u&=-21);return r.__e=x,c}function Xr(e,t,r,a,o){var s,i,u,c,m,d,f,g,p,h=r.length,x=h,E=0,_=0,v=e.__k=Array(o);for(s=0;s<o;s++)(i=t[s])!=null&&typeof i!="boolean"&&typeof i!="function"?(typeof i!="object"||i.constructor===String?i=v[s]=Ve(null,i):ut(i)?i=v[s]=Ve(w,{children:i}):i.constructor===De&&i.__b?i=v[s]=Ve(i.type,i.props,i.key,i.ref,i.__v):v[s]=i,c=s+E,i.__=e,i.__b=e.__b+1,u=null,~(m=i.__i=Jr(i,r,c,x))&&(x--,(u=r[m])&&(u.__u|=2)),u&&u.__v?(i.__u|=16,m==c-1?E--:m==c+1?E++:m!=c&&(m>c?E--:E++,_=1)):(~m||(o>h?E--:o<h&&E++),typeof i.type!="function"&&(i.__u|=4))):v[s]=null;if(_){for(d=[],f=[],s=0;s<o;s++)if((i=v[s])&&16&i.__u){for(E=0,g=d.length;E<g;)d[p=E+g>>1]<i.__i?E=p+1:g=p;d[E]=i.__i,f[s]=E+1}for(E=d.length;s--;)f[s]&&(f[s]==E?E--:v[s].__u|=4)}if(x)for(s=0;s<h;s++)!(u=r[s])||2&u.__u||(u.__e==a&&(a=de(u)),pt(u,u));return a}function Xt(e,t,r,a){var o,s,i,u;if(typeof e.type=="function"){if(e.props.__P)return t;if(o=e.__k)for(s=0;s<o.length;s++)o[s]&&(o[s].__=e,t=Xt(o[s],t,r,!1));return t}for(t&&!t.parentNode&&(t=de(e))&&!t.parentNode&&(t=null),i=e.__e,u=t;u&&u.nodeType==8;)u=u.nextSibling;for(i!=u&&(!a&&r.moveBefore&&i.parentNode?r.moveBefore(i,t):r.insertBefore(i,t||null)),t=i;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function Jr(e,t,r,a){var o,s=e.key,i=e.type,u=t[r],c=u&&!(2&u.__u);if(u===null&&s==null||c&&s==u.key&&i==u.type)return r;if(a>(c?1:0)){for(o=r-1;o>=0;o--)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o;for(o=r+1;o<t.length;o++)if((u=t[o])&&!(2&u.__u)&&s==u.key&&i==u.type)return o}return-1}function Ht(e,t,r){r==null&&(r=""),t[0]=="-"?e.setProperty(t,r):e[t]=r}function We(e,t,r,a,o){var s,i;if(t=="style")if(typeof r=="string")e.style.cssText=r;else{if(typeof a=="string"&&(e.style.cssText=a=""),a)for(t in a)r&&t in r||Ht(e.style,t);if(r)for(t in r)a&&r[t]==a[t]||Ht(e.style,t,r[t])}else if(t[0]=="o"&&t[1]=="n")typeof r!="function"&&(r=null),typeof a!="function"&&(a=null),(e.__e||(e.__e={}))[t]=r,r&&a||(i=it[t]||(it[t]=Zr(t)),(e.__a||(e.__a={}))[t]=lt,s=t!=(t=t.replace(zt,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),r?e.addEventListener(t,i,s):e.removeEventListener(t,i,s));else{if(o=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=r??"")}catch{}if(typeof r=="function")return;r==null||r===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&r==1?"":r)}}function Zr(e){return function(t){var r=this.__e;if(r){if(r=r[e],t[Be]==null)t[Be]=lt++;else if(t[Be]<this.__a[e])return;return r(C.event?C.event(t):t)}}}function ct(e,t,r,a,o,s,i,u,c,m){var d,f,g,p,h,x,E,_,v,R,O,te,A,I,X,Bt,ue,he,ne=t.type;if(t.constructor!==De)return null;128&r.__u&&(c=32&r.__u,d=r.__c.__z)&&(t.__u|=c,f=s=[],d.nodeType==8?u=Qe(d,s):s.push(d),u=s[0]||u),(d=C.__b)&&d(t);e:if(typeof ne=="function"){g=i.length;try{if(_=t.props,v=(d=ne.prototype)&&d.render,R=(d=ne.contextType)&&a[d.__c],O=d?R?R.props.value:d.__:a,(p=r.__c)?(t.__c=p,2&p.__g&&(p.__g|=1)):(v?t.__c=p=new ne(_,O):(t.__c=p=new He(_,O),p.constructor=ne,p.render=to),R&&R.sub(p),p.state||(p.state={}),p.__n=a,p.__g|=8,p.__h=[],p.__k=[]),v&&(p.__s||(p.__s=p.state),ne.getDerivedStateFromProps&&(p.__s==p.state&&(p.__s=be({},p.__s)),be(p.__s,ne.getDerivedStateFromProps(_,p.__s)))),h=p.props,x=p.state,p.__v=t,r.__c){if(_!==h&&v&&!ne.getDerivedStateFromProps&&p.componentWillReceiveProps&&p.componentWillReceiveProps(_,O),t.__v==r.__v&&!(8&p.__g)||!(4&p.__g)&&p.shouldComponentUpdate&&p.shouldComponentUpdate(_,p.__s,O)===!1){t.__v!=r.__v&&(p.props=_,p.state=p.__s,p.__g&=-9),t.__e=r.__e,t.__k=r.__k,t.__k.some(function(z){z&&(z.__=t)}),Ge.push.apply(p.__h,p.__k),p.__k=[],p.__h.length&&i.push(p),u=de(r);break e}p.componentWillUpdate&&p.componentWillUpdate(_,p.__s,O),v&&p.componentDidUpdate&&p.__h.push(function(){p.componentDidUpdate(h,x,E)})}else v&&!ne.getDerivedStateFromProps&&p.componentWillMount&&p.componentWillMount(),v&&p.componentDidMount&&p.__h.push(p.componentDidMount);p.context=O,p.props=_,p.__P=e,p.__g&=-5,te=C.__r,A=v?25:0;do p.__g&=-9,te&&te(t),d=p.render(p.props,p.state=p.__s,p.context);while(8&p.__g&&++A<25);v&&(Ge.push.apply(p.__h,p.__k),p.__k=[]),p.state=p.__s,p.getChildContext&&(a=be({},a,p.getChildContext())),v&&r.__c&&p.getSnapshotBeforeUpdate&&(E=p.getSnapshotBeforeUpdate(h,x)),I=d&&d.type===w&&d.key==null?d.props.children:d,_.__P&&(d=u,o=(e=_.__P).namespaceURI,c=s=null,r.props&&r.props.__P!=e&&(r.__k.some(function(z){z&&pt(z,z)}),r.__k=null),u=r.__k?de(r,0):null),u=jt(e,ut(I)?I:[I],t,r,a,o,s,i,u,c,m),_.__P&&(t.__e=null,u=d),t.__u&=-161,f&&f.some(ye),p.__h.length&&i.push(p),1&p.__g&&(p.__g&=-4)}catch(z){if(i.length=g,t.__v=null,c||s)if(z&&z.then){if(t.__u|=128|c,s){for(~(ue=s.indexOf(u||void 0))||(ue=s.length);(he=s[ue-1])&&he.nodeType==8;)ue--;for(;ue<s.length;ue++)if(he=s[ue])if(s[ue]=null,X){if(he==Bt)break}else{if(he.nodeType!=8)break;he.data.startsWith("$s")&&(Bt=Qe(X=he))}}if(!X){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;X=u}(d=Qe(X=t.__c.__z||(t.__c.__z=X)))?(t.__e=X,u=d):t.__e=u,u=u&&u.nextSibling}else s&&s.some(ye);else t.__e=r.__e;t.__k||(t.__k=r.__k||[]),z&&z.then||Jt(t),C.__e(z,t,r)}}else u=t.__e=eo(r.__e,t,r,a,o,s,i,c,m,e);return(d=C.diffed)&&d(t),u}function Qe(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var r=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))r++;else if(e.data.startsWith("/$s")&&!--r)return e}t&&t.push(e)}}function Jt(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Jt))}function Zt(e,t,r){for(var a=0;a<r.length;)dt(r[a++],r[a++],r[a++]);C.__c&&C.__c(t,e),e.some(function(o){try{e=o.__h,o.__h=[],e.some(function(s){s.call(o)})}catch(s){C.__e(s,o.__v)}})}function eo(e,t,r,a,o,s,i,u,c,m){var d,f,g,p,h,x,E,_,v=r.props||ze,R=t.props,O=t.type;if(O=="svg"?o="http://www.w3.org/2000/svg":O=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),s){for(d=0;d<s.length;d++)if((h=s[d])&&(O?h.localName==O:h.nodeType==3)){e=h,s[d]=null;break}}if(!e){if(_=m.ownerDocument||document,!O)return _.createTextNode(R);e=_.createElementNS(o,O,R.is?R:m),u&&(C.__m&&C.__m(t,s),u=!1),s=null}if(O){if(m=O=="template"&&e.content||e,s=O=="textarea"&&R.defaultValue!=null?null:s&&Gt.call(m.childNodes),!u&&s)for(v={},d=0;d<e.attributes.length;d++)v[(h=e.attributes[d]).name]=h.value;for(d in v)h=v[d],d=="dangerouslySetInnerHTML"?g=h:d=="children"||d in R||d=="value"&&"defaultValue"in R||d=="checked"&&"defaultChecked"in R||We(e,d,null,h,o);for(d in R)h=R[d],d=="children"?p=h:d=="dangerouslySetInnerHTML"?f=h:d=="value"?x=h:d=="checked"?E=h:u&&typeof h!="function"||v[d]===h||We(e,d,h,v[d],o);f?(u||g&&(f.__html==g.__html||f.__html==e.innerHTML)||(e.innerHTML=f.__html),t.__k=[]):(g&&(e.textContent=""),(O=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&Yr.test(O))&&(o="http://www.w3.org/1999/xhtml"),jt(m,ut(p)?p:[p],t,r,a,o,s,i,s?s[0]:r.__k&&de(r,0),u,c),s&&s.some(ye)),u&&O!="textarea"||(d="value",O=="progress"&&x==null?e.removeAttribute(d):x==null||x===e[d]&&(O!="progress"||x)||We(e,d,x,v[d],o),d="checked",E!=null&&E!=e[d]&&We(e,d,E,v[d],o))}else v===R||u&&e.data==R||(e.data=R);return e}function dt(e,t,r,a){try{typeof e=="function"?t?t.__x=e(t)||1:a&&(a=a.__c||a.__e)&&(t=a.__x)&&(a.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(o){C.__e(o,r)}}function pt(e,t,r){var a,o,s,i;if(C.unmount&&C.unmount(e),!(a=e.ref)||a.current&&a.current!=e.__e||dt(a,null,t,e),a=e.__c){if(a.componentWillUnmount)try{a.componentWillUnmount()}catch(u){C.__e(u,t)}a.__P=a.__n=null}if(a=e.__k)for(i=0;i<a.length;i++)a[i]&&pt(a[i],t,typeof e.type!="function"||r&&!e.props.__P);!r&&(a=e.__c)&&(a=a.__z)&&(o=Qe(a,s=[]))&&(a==e.__e&&s.some(ye),ye(o),ye(a)),r||ye(e.__e),e.__e=e.__c=e.__=null}function to(e,t,r){return this.constructor(e,r)}function en(e,t){var r,a,o,s;C.__&&C.__(e,t),t.nodeType==9&&(t=t.documentElement),a=(r=e&&32&e.__u)?null:t.__k,t.__k=Ve(w,{children:[e]}),o=[],s=[],ct(t,t.__k,a||ze,ze,t.namespaceURI,a?null:t.firstChild?Gt.call(t.childNodes):null,o,a?a.__e:t.firstChild,r,s),Zt(o,t.__k,s),t.__k.props.children=null}C={__e:function(e,t,r,a){for(var o,s,i;t=t.__;)if((o=t.__c)&&!(1&o.__g)){o.__g|=4;try{if((i=(s=o.constructor)&&s.getDerivedStateFromError)&&o.setState(s.getDerivedStateFromError(e)),o.componentDidCatch&&(o.componentDidCatch(e,a||{}),i=1),i&&8&o.__g)return void(o.__g|=2)}catch(u){e=u}}throw Ke=0,e}},Qt=0,Gr=function(e){return e!=null&&e.constructor===De},He.prototype.setState=function(e,t){var r=this.__s;r&&r!=this.state||(r=this.__s=be({},this.state)),typeof e=="function"&&(e=e(be({},r),this.props)),e&&(be(r,e),this.__v&&(t&&this.__k.push(t),Vt(this)))},He.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),Vt(this))},He.prototype.render=w,ce=[],Ke=0,Kt=function(e,t){return e.__v.__b-t.__v.__b},Be=Symbol(),zt=/(PointerCapture)$|Capture$/i,lt=0,it={},qr=0;var tn={product:"Profile Gateway",skip:"Skip to content",search:{label:"Find a customer",placeholder:"Name, e-mail, phone, order or ticket number",hint:"As it is said on the phone: words in any order, nearly right is enough.",keys:"to choose, Enter to open, Esc to clear",busy:"Looking…",found:e=>e===1?"1 customer may be meant":`${e} customers may be meant`,exact:"exact",similar:"similar",tooShort:"One more letter: a single one finds everybody.",nobody:"Not in our system.",nobodySo:"Every source was asked, and none knows this.",nobodyYet:"Nobody found so far",notAsked:"This does not mean “not in our system”: not everything could be asked.",unavailable:e=>`Could not be asked: ${e}`,notTried:"Not looked for",withheldWays:"Some ways to find a customer are not open to you.",recent:"Recently opened",forget:"Forget these",openTickets:e=>e===1?"1 open ticket":`${e} open tickets`,noOpenTickets:"no open tickets",lastOrder:e=>`ordered ${e}`,by:{ACCOUNT:"company account",COMPANY:"company",CUSTOMER_ID:"customer id",EMAIL:"e-mail",EXTERNAL_ID:"id at another system",MEMBER_NUMBER:"member number",NAME:"name",ORDER_ID:"order id",ORDER_NUMBER:"order number",PHONE:"phone",TICKET_ID:"ticket id",TICKET_NUMBER:"ticket number"}},viewer:{language:"Language",purpose:"Purpose",noPurpose:"no purpose",choosePurpose:"For which purpose do you look?",purposeWhy:"It is sent with every question, and stands in the audit beside it.",basis:{CONSENT:"the customer's consent",CONTRACT:"a contract",LEGITIMATE_INTEREST:"a legitimate interest",LEGAL_DUTY:"a legal duty"},anonymous:"no sign-in here",signIn:"Sign in",signInWhy:"Pages show customers to people who are known. Your key is exchanged once for a session of eight hours, and is kept nowhere.",key:"Key",refused:"This key is not known, or holds no more.",noSession:"Keys begin no session here. Open this page through your company's sign-in.",signOut:"Sign out"},customer:{title:"Customer",since:e=>`customer since ${e}`,localTime:e=>`${e} there`,speaks:e=>`speaks ${e}`,kind:{PERSON:"Person",COMPANY:"Company",UNKNOWN:""},role:{DECISION_MAKER:"decides",BUYER:"buyer",USER:"user",BILLING:"billing",TECHNICAL:"technical",OTHER:"other role",UNKNOWN:""},worksAt:(e,t)=>e?`${e}, ${t}`:t,unnamed:"No name",call:"Call",write:"Write",copy:"Copy",copied:"Copied",more:e=>`${e} more`,less:"Show less",zone:e=>`All times are in your zone, ${e}.`,pinned:e=>`The clock of this gateway stands at ${e}: figures are of that time.`,asQuery:"This page as a query",openEditor:"Open the editor",close:"Close",actsFor:"In this answer the customer's id is"},state:{loading:"Loading",asOf:e=>`as of ${e}`,withheld:"not for your purpose",unavailable:(e,t)=>`${e} could not be asked: ${t}.`,missing:e=>`Without ${e}, which could not be asked.`,askAgain:"Ask again",asking:"Asking…",askedLately:e=>`again in ${e} s`,atLeast:e=>`at least ${e}`,noSource:"No source has these.",reason:{SOURCE_TIMEOUT:"no answer in time",SOURCE_UNAVAILABLE:"it cannot be reached",SOURCE_THROTTLED:"it asks for fewer calls",SOURCE_AUTH:"it refuses the gateway",SOURCE_PROTOCOL:"its answer cannot be read",GATEWAY_BUSY:"the gateway was held up",OFFLINE:"the gateway cannot be reached"},otherReason:e=>`it failed (${e})`,aSource:"A source"},sources:{title:"Sources",allWell:e=>e===1?"1 source, now":`${e} sources, now`,others:e=>e===1?"1 other, now":`${e} others, now`,asking:"Asking the sources…",unavailable:"not reachable",dropped:e=>e===1?"1 record left out":`${e} records left out`},tickets:{title:"Open tickets",none:e=>`No open tickets in ${e}, asked now.`,ever:e=>e===1?"1 ticket in all":`${e} tickets in all`,noSubject:"Without a subject",priority:{LOW:"Low",NORMAL:"Normal",HIGH:"High",URGENT:"Urgent",UNKNOWN:""},status:{NEW:"new",OPEN:"open",PENDING:"waits for the customer",ON_HOLD:"on hold",SOLVED:"solved",CLOSED:"closed",UNKNOWN:""},author:{CUSTOMER:"Customer",AGENT:"Support",SYSTEM:"System",UNKNOWN:"Somebody"},opened:e=>`opened ${e}`},orders:{title:"Last order",none:e=>`No orders in ${e}, asked now.`,status:{PENDING:"placed",CONFIRMED:"confirmed",PROCESSING:"being made ready",SHIPPED:"on its way",DELIVERED:"delivered",CANCELLED:"cancelled",RETURNED:"returned",UNKNOWN:""},order:e=>`Order ${e}`,refunded:e=>`${e} went back`,pieces:"Items"},spend:{title:"Spend",orders:e=>`${e} orders`,oneOrder:"1 order",since:e=>`since ${e}`,refunded:e=>`${e} refunded`,none:"Nothing bought yet."},subscriptions:{title:"Subscriptions",renews:e=>`renews ${e}`,ends:e=>`ends ${e}`,cancelled:e=>`cancelled ${e}`,plan:"Subscription",status:{TRIAL:"trial",ACTIVE:"active",PAST_DUE:"payment due",PAUSED:"paused",CANCELLED:"cancelled",ENDED:"ended",UNKNOWN:""},every:{DAY:"a day",WEEK:"a week",MONTH:"a month",YEAR:"a year",UNKNOWN:""}},timeline:{title:"Timeline",all:"All",only:{ORDER:"Orders",TICKET:"Tickets",EVENT:"Behaviour",DEAL:"Deals",SUBSCRIPTION:"Subscriptions",SURVEY:"Surveys"},none:"Nothing has happened yet.",more:"Show more",end:"This is where it begins.",today:"Today",yesterday:"Yesterday",events:e=>`${e} actions`,stage:{OPEN:"open",WON:"won",LOST:"lost",UNKNOWN:""},deal:"Deal",survey:{NPS:"Would recommend",CSAT:"Contentment",CES:"Ease",REVIEW:"Review",UNKNOWN:"Survey"},outOf:(e,t)=>`${e} of ${t}`,details:"Details"},contacts:{title:"Contact",none:"No e-mail address and no phone number are known.",primary:"primary",address:"Address",account:"Company",member:"Member number",born:"Born",prefers:"Prefers",people:e=>`${e} people`,consents:"Consents",channel:{EMAIL:"E-mail",PHONE:"Phone",SMS:"SMS",PUSH:"Push",POST:"Post",CHAT:"Chat",WEB:"Web",SOCIAL:"Social",STORE:"Store",REVIEW:"Review",UNKNOWN:"Other"},consent:{GRANTED:"yes",DENIED:"no",WITHDRAWN:"withdrawn",UNKNOWN:"not asked"},completeness:"Profile",known:e=>`${e} known`,missing:e=>`missing: ${e}`,more:"More about the customer"},records:{title:"Known by",incomplete:"There may be another record: a source could not be asked.",differ:"Whose value it is",says:(e,t)=>`${e} says ${t}`},tags:{title:"Tags",none:"No tag says anything of this customer.",partial:"partial",stale:"being renewed",why:"Why",computed:e=>`computed ${e}`,seen:"What the rule saw",whyNot:"Why nothing else",unknown:"not known",yes:"yes",no:"no",category:{LIFECYCLE:"Lifecycle",BEHAVIOUR:"Behaviour",VALUE:"Value",PREFERENCE:"Preference",SATISFACTION:"Satisfaction",SERVICE:"Service",ACQUISITION:"Acquisition"}},lost:{title:"Nobody has this id",tried:"It was tried as every key that it may be: an id of a customer, an order or a ticket, a number, an id at another system.",unsure:"Not found, and not everything could be asked",erased:"This customer was erased",erasedSo:"Nothing of the person is shown any more.",hidden:"This customer is not shown for your purpose",hiddenSo:"Choose another purpose on top, if you have one.",forbidden:"You may not open customers by id",forbiddenSo:"The settings of the gateway say by which keys you may: customer_id is not among them.",ambiguous:"Who is it?",ambiguousSo:"Several customers have this key. Open one of them.",failed:"The customer could not be asked for",search:"Search for somebody else"},failure:{offline:"The gateway cannot be reached.",other:e=>`The gateway refused this (${e}).`,askAgain:"Ask again"}};var nn={product:"Profile Gateway",skip:"跳到正文",search:{label:"查找客户",placeholder:"姓名、邮箱、电话、订单号或工单号",hint:"按电话里听到的输入即可：词序不限，写得差不多就能找到。",keys:"选择，回车打开，Esc 清空",busy:"正在查找…",found:e=>`可能是以下 ${e} 位客户`,exact:"完全一致",similar:"相似",tooShort:"请再输入一个字母：一个字母会匹配所有人。",nobody:"系统中没有此人。",nobodySo:"所有来源都已查询，没有任何一个认识。",nobodyYet:"暂时没有找到",notAsked:"这并不表示“系统中没有此人”：并非所有内容都能查询。",unavailable:e=>`无法查询：${e}`,notTried:"没有查找的内容",withheldWays:"有些查找方式未对您开放。",recent:"最近打开",forget:"清除记录",openTickets:e=>`${e} 个未结工单`,noOpenTickets:"没有未结工单",lastOrder:e=>`${e}下单`,by:{ACCOUNT:"公司账号",COMPANY:"公司",CUSTOMER_ID:"客户编号",EMAIL:"邮箱",EXTERNAL_ID:"其他系统的编号",MEMBER_NUMBER:"会员号",NAME:"姓名",ORDER_ID:"订单标识",ORDER_NUMBER:"订单号",PHONE:"电话",TICKET_ID:"工单标识",TICKET_NUMBER:"工单号"}},viewer:{language:"语言",purpose:"用途",noPurpose:"未选用途",choosePurpose:"您出于什么用途查看？",purposeWhy:"用途会随每次查询发送，并与查询一起记入审计。",basis:{CONSENT:"客户同意",CONTRACT:"合同",LEGITIMATE_INTEREST:"正当利益",LEGAL_DUTY:"法定义务"},anonymous:"此处无需登录",signIn:"登录",signInWhy:"页面只向已知身份的人显示客户。您的密钥只使用一次，换取八小时的会话，不会保存在任何地方。",key:"密钥",refused:"此密钥无效或已失效。",noSession:"此处不能用密钥登录。请通过公司的登录入口打开本页。",signOut:"退出"},customer:{title:"客户",since:e=>`${e}起为客户`,localTime:e=>`当地 ${e}`,speaks:e=>`语言：${e}`,kind:{PERSON:"个人",COMPANY:"公司",UNKNOWN:""},role:{DECISION_MAKER:"决策人",BUYER:"采购",USER:"使用者",BILLING:"财务",TECHNICAL:"技术",OTHER:"其他角色",UNKNOWN:""},worksAt:(e,t)=>e?`${t}，${e}`:t,unnamed:"没有姓名",call:"拨打",write:"写邮件",copy:"复制",copied:"已复制",more:e=>`还有 ${e} 项`,less:"收起",zone:e=>`所有时间均为您的时区：${e}。`,pinned:e=>`网关的时钟停在 ${e}：数字以该时刻为准。`,asQuery:"查看本页的查询",openEditor:"打开编辑器",close:"关闭",actsFor:"客户编号为"},state:{loading:"正在加载",asOf:e=>`截至 ${e}`,withheld:"您的用途不可见",unavailable:(e,t)=>`无法查询 ${e}：${t}。`,missing:e=>`缺少 ${e} 的内容：无法查询。`,askAgain:"重新查询",asking:"正在查询…",askedLately:e=>`${e} 秒后可重试`,atLeast:e=>`至少 ${e}`,noSource:"没有提供此内容的来源。",reason:{SOURCE_TIMEOUT:"未及时答复",SOURCE_UNAVAILABLE:"无法连接",SOURCE_THROTTLED:"要求减少请求",SOURCE_AUTH:"拒绝网关访问",SOURCE_PROTOCOL:"答复无法读取",GATEWAY_BUSY:"网关繁忙",OFFLINE:"无法连接网关"},otherReason:e=>`出错（${e}）`,aSource:"某个来源"},sources:{title:"来源",allWell:e=>`${e} 个来源，刚刚查询`,others:e=>`其余 ${e} 个，刚刚查询`,asking:"正在查询各来源…",unavailable:"无法连接",dropped:e=>`略去 ${e} 条记录`},tickets:{title:"未结工单",none:e=>`${e} 中没有未结工单，刚刚查询。`,ever:e=>`共 ${e} 个工单`,noSubject:"无主题",priority:{LOW:"低",NORMAL:"普通",HIGH:"高",URGENT:"紧急",UNKNOWN:""},status:{NEW:"新建",OPEN:"处理中",PENDING:"等待客户",ON_HOLD:"搁置",SOLVED:"已解决",CLOSED:"已关闭",UNKNOWN:""},author:{CUSTOMER:"客户",AGENT:"客服",SYSTEM:"系统",UNKNOWN:"某人"},opened:e=>`${e}提出`},orders:{title:"最近订单",none:e=>`${e} 中没有订单，刚刚查询。`,status:{PENDING:"已下单",CONFIRMED:"已确认",PROCESSING:"备货中",SHIPPED:"运送中",DELIVERED:"已送达",CANCELLED:"已取消",RETURNED:"已退货",UNKNOWN:""},order:e=>`订单 ${e}`,refunded:e=>`已退 ${e}`,pieces:"商品"},spend:{title:"消费",orders:e=>`${e} 个订单`,oneOrder:"1 个订单",since:e=>`自 ${e}`,refunded:e=>`已退 ${e}`,none:"还没有购买。"},subscriptions:{title:"订阅",renews:e=>`${e}续订`,ends:e=>`${e}结束`,cancelled:e=>`${e}取消`,plan:"订阅",status:{TRIAL:"试用",ACTIVE:"有效",PAST_DUE:"待付款",PAUSED:"暂停",CANCELLED:"已取消",ENDED:"已结束",UNKNOWN:""},every:{DAY:"每天",WEEK:"每周",MONTH:"每月",YEAR:"每年",UNKNOWN:""}},timeline:{title:"时间线",all:"全部",only:{ORDER:"订单",TICKET:"工单",EVENT:"行为",DEAL:"商机",SUBSCRIPTION:"订阅",SURVEY:"调查"},none:"还没有发生任何事。",more:"显示更多",end:"从这里开始。",today:"今天",yesterday:"昨天",events:e=>`${e} 个行为`,stage:{OPEN:"进行中",WON:"赢单",LOST:"输单",UNKNOWN:""},deal:"商机",survey:{NPS:"推荐意愿",CSAT:"满意度",CES:"省力程度",REVIEW:"评价",UNKNOWN:"调查"},outOf:(e,t)=>`${e}（满分 ${t}）`,details:"详情"},contacts:{title:"联系方式",none:"没有已知的邮箱或电话。",primary:"首选",address:"地址",account:"公司",member:"会员号",born:"出生日期",prefers:"首选渠道",people:e=>`${e} 人`,consents:"授权",channel:{EMAIL:"邮件",PHONE:"电话",SMS:"短信",PUSH:"推送",POST:"信件",CHAT:"聊天",WEB:"网页",SOCIAL:"社交媒体",STORE:"门店",REVIEW:"评价",UNKNOWN:"其他"},consent:{GRANTED:"同意",DENIED:"拒绝",WITHDRAWN:"已撤回",UNKNOWN:"未询问"},completeness:"档案",known:e=>`已知 ${e}`,missing:e=>`缺少：${e}`,more:"更多信息"},records:{title:"认识此客户的系统",incomplete:"可能还有其他记录：有来源无法查询。",differ:"数值出自哪里",says:(e,t)=>`${e}：${t}`},tags:{title:"标签",none:"没有标签描述此客户。",partial:"不完整",stale:"正在更新",why:"原因",computed:e=>`计算于 ${e}`,seen:"规则看到的事实",whyNot:"为什么不是其他值",unknown:"未知",yes:"是",no:"否",category:{LIFECYCLE:"生命周期",BEHAVIOUR:"行为",VALUE:"价值",PREFERENCE:"偏好",SATISFACTION:"满意度",SERVICE:"服务",ACQUISITION:"获客"}},lost:{title:"没有人使用此编号",tried:"已按所有可能的键查找：客户、订单或工单的标识，号码，以及其他系统的编号。",unsure:"没有找到，但并非所有内容都能查询",erased:"此客户已被删除",erasedSo:"不再显示此人的任何内容。",hidden:"您的用途不可查看此客户",hiddenSo:"如有其他用途，请在上方选择。",forbidden:"您不能按编号打开客户",forbiddenSo:"网关的设置规定了您可以使用的键，其中没有 customer_id。",ambiguous:"是哪一位？",ambiguousSo:"多位客户使用此键，请打开其中一位。",failed:"无法查询此客户",search:"查找其他客户"},failure:{offline:"无法连接网关。",other:e=>`网关拒绝了此请求（${e}）。`,askAgain:"重新查询"}};var rn={en:tn,zh:nn},mt=Object.keys(rn),on="gateway.language";function no(){let e=localStorage.getItem(on);for(let t of[e??"",...navigator.languages]){let r=t.split("-")[0];if(mt.includes(r))return r}return"en"}var F=no(),V=navigator.languages.find(e=>e.split("-")[0]===F)??F,l=rn[F];function an(e){localStorage.setItem(on,e),location.reload()}var Ee,P,gt,sn,ft=Object.is,Le=0,hn=[],ht=[],L=C,ln=L.__b,un=L.__r,cn=L.diffed,dn=L.__c,pn=L.unmount,mn=L.__;function qe(e,t){L.__h&&L.__h(P,e,Le||t),Le=0;var r=P.__H||(P.__H={__:[],__h:[]});return e>=r.__.length&&r.__.push({}),r.__[e]}function y(e){return Le=1,ro(xn,e)}function ro(e,t,r){var a=qe(Ee++,2);if(a.t=e,!a.__c&&(a.__=[r?r(t):xn(void 0,t),function(s){var i=(a.__N||a.__)[0],u=a.t(i,s);ft(i,u)||(a.__N=[u,a.__[1]],a.__c.setState({}))}],a.__c=P,!P.__f)){P.__f=!0;var o=P.shouldComponentUpdate;P.shouldComponentUpdate=function(s,i,u){var c=this.__H;if(!c)return!0;var m=!1,d=this.props!=s;if(c.__.some(function(g){g.__N&&(m=!0,ft(g.__[0],g.__N[0])||(d=!0))}),o){var f=o.call(this,s,i,u);return m?f||d:f}return!m||d}}return a.__}function S(e,t){var r=qe(Ee++,3);!L.__s&&bn(r.__H,t)&&(r.__P=!0,r.__=e,r.u=t,P.__H.__h.push(r))}function G(e){return Le=5,Pe(function(){return{current:e}},[])}function Pe(e,t){var r=qe(Ee++,7);return bn(r.__H,t)&&(r.__=e(),r.__H=t),r.__}function xe(e,t){return Le=8,Pe(function(){return e},t)}function yn(){var e=qe(Ee++,11);if(!e.__){for(var t=P.__v;!t.__m&&t.__;)t=t.__;var r=t.__m||(t.__m=[0,0]);e.__="P"+r[0]+"-"+r[1]++}return e.__}function oo(){var e;do{for(;e=ht.shift();)try{Ie(e)}catch(r){L.__e(r,{__:(e=e.__P)&&e.__v})}for(;e=hn.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(Ie),t.__h.some(yt),t.__h=[]}catch(r){t.__h=[],L.__e(r,e.__v)}}}while(ht.length)}L.__b=function(e){P=null,ln&&ln(e)},L.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),mn&&mn(e,t)},L.__r=function(e){un&&un(e),Ee=0;var t=(P=e.__c).__H;t&&(gt==P?P.__h=[]:(t.__h.some(Ie),t.__h.some(yt),Ee=0),t.__h=[],t.__.some(function(r){r.__N&&(r.__=r.__N),r.u=r.__N=void 0})),gt=P},L.diffed=function(e){cn&&cn(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&fn(hn.push(t)),t.__H.__.some(function(r){r.u&&(r.__H=r.u)})),gt=P=null},L.__c=function(e,t){t.some(function(r){try{r.__h.some(Ie),r.__h=r.__h.filter(function(a){return!a.__||yt(a)})}catch(a){r.__h=[function(){throw a}]}}),dn&&dn(e,t)},L.unmount=function(e){pn&&pn(e);var t,r,a=e.__c;a&&a.__H&&(a.__H.__.some(function(o){try{if(o.__P&&o.__c){if(r===void 0){for(r=e.__;r&&(!r.__c||!r.__c.__P);)r=r.__;r=r&&r.__c}o.__P=r,fn(ht.push(o))}else Ie(o)}catch(s){t=s}}),a.__H=void 0,t&&L.__e(t,a.__v))};var gn=typeof requestAnimationFrame=="function";function ao(e){var t,r=function(){clearTimeout(a),gn&&cancelAnimationFrame(t),setTimeout(e)},a=setTimeout(r,35);gn&&(t=requestAnimationFrame(r))}function fn(e){e!=1&&sn==L.requestAnimationFrame||((sn=L.requestAnimationFrame)||ao)(oo)}function Ie(e){var t=P,r=e.__c;typeof r=="function"&&(e.__c=void 0,r()),P=t}function yt(e){var t=P;e.__c=e.__(),P=t}function bn(e,t){return!e||e.length!=t.length||t.some(function(r,a){return!ft(r,e[a])})}function xn(e,t){return typeof t=="function"?t(e):t}var xt=null;function vt(e){xt=e}var _t="gateway:signed-out";function _n(e){return addEventListener(_t,e),()=>removeEventListener(_t,e)}async function M(e,t,r){let a={"content-type":"application/json",accept:"application/json","x-csrf":"1"};xt!==null&&(a["x-purpose"]=xt);let o;try{o=await fetch("/graphql",{method:"POST",headers:a,body:JSON.stringify({query:String(e),variables:t}),credentials:"same-origin",cache:"no-store",...r?{signal:r}:{}})}catch(s){if(r?.aborted)throw s;return{data:null,failures:[bt("OFFLINE")]}}o.status===401&&dispatchEvent(new Event(_t));try{let s=await o.json();return!s.errors&&!("data"in s)?{data:null,failures:[bt(s.code??`HTTP_${o.status}`)]}:{data:s.data??null,failures:(s.errors??[]).map(i=>so(i,String(e)))}}catch(s){if(r?.aborted)throw s;return{data:null,failures:[bt(o.status===401?"UNAUTHENTICATED":`HTTP_${o.status}`)]}}}function so(e,t){let r=e.extensions??{},[a]=e.locations??[],o=a?t.split(`
`)[a.line-1]?.slice(a.column-1):void 0;return{code:r.code??"UNKNOWN",message:e.message,path:e.path??[],field:o?.match(/^\w+/)?.[0]??null,source:r.source??null,candidates:r.candidates??[],missingSources:r.missingSources??[],requestId:r.requestId??null}}function bt(e){return{code:e,message:"",path:[],field:null,source:null,candidates:[],missingSources:[],requestId:null}}function _e(e,t){let[r,a]=y(null),[o,s]=y(!0),i=G(null),u=JSON.stringify(t),c=xe(async()=>{i.current?.abort();let f=new AbortController;i.current=f,s(!0);try{let{data:g,failures:p}=await M(e,t,f.signal);a({of:u,data:g,failures:p}),s(!1)}catch(g){if(!f.signal.aborted)throw g}},[e,u]);S(()=>(c(),()=>i.current?.abort()),[c]);let m=r?.of===u?r:null,d=m?.data?.customer??null;return{loading:m===null,asking:o,customer:d,failures:m?.failures??[],sources:d?.sources??[],ask:c}}var io=e=>e.filter(t=>typeof t=="string").join(".");function re(e,t){let r=`customer.${t}.`;return e.find(({path:a})=>a.length>0&&r.startsWith(`${io(a)}.`))??null}function vn({loading:e,customer:t,failures:r}){return e||t!==null?null:r[0]??null}function Ye(e,t){return e.some(r=>pe(r)&&(r.field===t||r.path.includes(t)))}function pe(e){return e!==null&&(e.code.startsWith("WITHHELD")||e.code==="FORBIDDEN")}function je(e,t){return e.flatMap(({name:r,records:a})=>r!==null&&a.includes(t)?[r]:[])}function wt(e,t=null){return e.flatMap(({state:a,asOf:o,records:s})=>a==="STALE"&&o!==null&&(t===null||s.some(i=>t.includes(i)))?[o]:[]).sort()[0]??null}var lo=864e5,Me=new Intl.RelativeTimeFormat(V,{numeric:"auto"}),wn=new Intl.DateTimeFormat(V,{year:"numeric",month:"short",day:"numeric"}),uo=new Intl.DateTimeFormat(V,{month:"short",day:"numeric"}),co=new Intl.DateTimeFormat(V,{weekday:"long",month:"long",day:"numeric",year:"numeric"}),po=new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit"}),mo=new Intl.DateTimeFormat(V,{dateStyle:"medium",timeStyle:"short"}),kn=Intl.DateTimeFormat().resolvedOptions().timeZone,H=e=>wn.format(new Date(e)),kt=e=>co.format(new Date(e)),q=e=>po.format(new Date(e)),$=e=>mo.format(new Date(e));function Xe(e,t){let r=new Date(e);return r.getFullYear()===t.getFullYear()?uo.format(r):wn.format(r)}function Se(e,t){let r=Math.round((new Date(e).getTime()-t.getTime())/lo),a=Math.abs(r);if(a<1){let o=Math.round((new Date(e).getTime()-t.getTime())/36e5);return Math.abs(o)<1?Me.format(Math.round((new Date(e).getTime()-t.getTime())/6e4),"minute"):Me.format(o,"hour")}return a<45?Me.format(r,"day"):a<550?Me.format(Math.round(r/30.4),"month"):Me.format(Math.round(r/365.25),"year")}var U=class extends String{__apiType;value;__meta__;constructor(t,r){super(t),this.value=t,this.__meta__=r}toString(){return this.value}};var Te=new U(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on Subscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),En=new U(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),Je=new U(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Ze=new U(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `),Sn=new U(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
    }
  }
}
    `),Tn=new U(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),et=new U(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Nn=new U(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Cn=new U(`
    query Segments($language: String) {
  segments {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    owner
    condition
    count
    known
    unknown
    asOf
  }
}
    `),tt=new U(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(first: 10, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),An=new U(`
    query SourceActivity {
  sourceActivity {
    process
    at
    sources {
      source {
        name
        kind
        health
        lookups {
          record
          by
        }
      }
      since
      pausedSeconds
      heldSeconds
      breakerOpenings
      calls
      failed
      outcomes {
        code
        count
      }
      refusedLookups {
        code
        count
      }
      retries
      hedges
      latencyP50Ms
      latencyP95Ms
      recentCalls
      minutes {
        at
        calls
        failed
        latencyP50Ms
        latencyP95Ms
      }
      callsUnderWay
      maxCalls
      waitingKeys
      cacheHits
      cacheMisses
      staleAnswers
      droppedRecords {
        record
        reason
        count
      }
      unreadableValues {
        record
        path
        reason
        count
      }
      callsPerSecond
      callsLeft
    }
  }
}
    `),Rn=new U(`
    query TagDefinitions($language: String) {
  tagDefinitions {
    key
    label(language: $language)
    description(language: $language)
    words(language: $language)
    category
    owner
    version
    review
    expression
    type
    values
    valueLabels(language: $language) {
      value
      label
    }
    thresholds {
      name
      value
    }
    ttlSeconds
  }
}
    `),nt=new U(`
    query TagReport($days: Int!) {
  tagReport(days: $days) {
    key
    changedAt
    asked
    callers {
      caller
      asked
    }
    sampled
    given
    partial
    failed
    values {
      value
      count
    }
    history {
      at
      version
      fingerprint
    }
    segments
    actions
  }
}
    `),rt=new U(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),On=new U(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `),Dn=new U(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `);var Et=e=>`gateway.recent:${e}`;function $e(e){try{let t=JSON.parse(localStorage.getItem(Et(e))??"[]");return Array.isArray(t)?t.filter(r=>typeof r=="string").slice(0,8):[]}catch{return[]}}function In(e,t){Ln(e,[t,...$e(e).filter(r=>r!==t)].slice(0,8))}function Ne(e,t){Ln(e,$e(e).filter(r=>!t.includes(r)))}function Ln(e,t){t.length===0?localStorage.removeItem(Et(e)):localStorage.setItem(Et(e),JSON.stringify(t))}function j({amount:e,currency:t}){try{return new Intl.NumberFormat(V,{style:"currency",currency:t}).format(e)}catch{return`${e} ${t}`}}var k=e=>new Intl.NumberFormat(V).format(e),oe=e=>new Intl.NumberFormat(V,{style:"percent"}).format(e),go=new Intl.DisplayNames(V,{type:"region",fallback:"code"}),fo=new Intl.DisplayNames(V,{type:"language",fallback:"code"});function Pn(e){try{return go.of(e)??e}catch{return e}}function Mn(e){try{return fo.of(e.split(/[-_]/)[0])??e}catch{return e}}function D(e){let t=e.replace(/_+/g," ").replace(/(?<=\p{L})-(?=\p{L})/gu," ").trim();return/\p{Ll}\p{Lu}/u.test(t)?t.replace(/([\p{Ll}\d])(\p{Lu})/gu,"$1 $2").toLowerCase():/^[\p{Lu}\d ]+$/u.test(t)&&t.length>3?t.toLowerCase():t}function me(e){return e.charAt(0).toLocaleUpperCase(V)+e.slice(1)}function Y(e){return e==null?"":typeof e=="number"?k(e):Array.isArray(e)?e.map(Y).join(", "):typeof e=="object"?Object.values(e).filter(t=>t!==null).map(Y).join(", "):String(e)}function $n(e,t){let r=new Intl.Locale("und",{region:e}),a=r.getTimeZones?.()??r.timeZones??[],o=new Set(a.map(s=>new Intl.DateTimeFormat(V,{hour:"2-digit",minute:"2-digit",timeZone:s}).format(t)));return o.size===1?[...o][0]:null}function Un(e){let t=[...e.matchAll(/[\p{L}\p{N}]+/gu)].map(([r])=>[...r][0]);return t.length===0?"?":t.length===1?t[0]:(t[0]+t.at(-1)).toUpperCase()}var ho=Symbol.for("pv"),yo=0;function n(e,t,r,a,o,s){t||(t={});var i,u,c=t;if("ref"in c&&typeof e!="function")for(u in c={},t)u=="ref"?i=t[u]:c[u]=t[u];var m={type:e,props:c,key:r,ref:i,__k:null,__:null,__b:0,__e:null,__c:null,constructor:ho,__v:--yo,__i:-1,__u:0};return(o||s)&&(m.__source=o,m.__self=s),C.vnode&&C.vnode(m),m}var bo={mail:"M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",phone:"M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",copy:"M7 7h9v9H7zM13 7V4H4v9h3",lock:"M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",order:"M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",ticket:"M4 4.5h12v8H9l-3.5 3v-3H4z",event:"M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",deal:"M4 15V9m4 6V5m4 10v-4m4 4V7",subscription:"M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",survey:"m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",yes:"m5 10.5 3.5 3.500L15.500 6.500",no:"m6 6 8 8m0-8-8 8",unknown:"M6 10h8",link:"M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7"};function J({name:e}){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:bo[e]})})}var xo=1e4;function W({name:e,title:t,region:r,field:a,lines:o,records:s=[],aside:i,top:u,children:c}){let m=r.loading?null:vn(r)??re(r.failures,a),d=o?wt(o):wt(r.sources,s);return n("section",{class:`box box-${e}`,"data-region":e,"aria-labelledby":`box-${e}`,"aria-busy":r.loading,children:[n("header",{children:[n("h2",{id:`box-${e}`,children:t}),d!==null&&n(_o,{since:d}),!r.loading&&m===null&&i]}),u,r.loading?n(ve,{}):pe(m)?n(Z,{}):m!==null?n(St,{source:m.source,code:m.code,region:r}):c]})}function ve(){return n("div",{class:"loading",role:"status",children:[n("span",{class:"unseen",children:l.state.loading}),n("i",{}),n("i",{}),n("i",{})]})}function Z(){return n("span",{class:"withheld","data-state":"withheld",children:[n(J,{name:"lock"}),l.state.withheld]})}function _o({since:e}){return n("span",{class:"stale","data-state":"stale",children:l.state.asOf(q(e))})}function Q({children:e}){return n("p",{class:"none","data-state":"none",children:e})}function we(e){return l.state.reason[e]??l.state.otherReason(e)}function St({source:e,code:t,region:r}){return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:l.state.unavailable(e??l.state.aSource,we(t))}),n(Ue,{region:r})]})}function ke({sources:e,region:t}){if(e.length===0)return null;let r=t.sources.find(({name:a,errorCode:o})=>a===e[0]&&o!==null);return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:e.length===1&&r?l.state.unavailable(e[0],we(r.errorCode)):l.state.missing(e.join(", "))}),n(Ue,{region:t})]})}function Ue({region:e}){let[t,r]=y(0),[a,o]=y(()=>Date.now()),s=Math.ceil((t-a)/1e3);S(()=>{if(s<=0)return;let u=setTimeout(()=>o(Date.now()),1e3);return()=>clearTimeout(u)},[a,s]);let i=()=>{o(Date.now()),r(Date.now()+xo),e.ask()};return n("button",{type:"button",class:"again",disabled:e.asking||s>0,onClick:i,children:e.asking?l.state.asking:s>0?l.state.askedLately(s):l.state.askAgain})}function Wn({identity:e}){let{customer:t}=e,r=t===null?[]:vo(t);return n(W,{name:"contacts",title:l.contacts.title,region:e,field:"contactPoints",records:["CUSTOMER"],children:[r.length===0&&n(Q,{children:l.contacts.none}),n("ul",{class:"contacts",children:r.map(a=>n(wo,{...a},a.value))})]})}function vo({contactPoints:e,email:t,phone:r}){let a=[...t!==null?[{kind:"EMAIL",value:t,primary:!0}]:[],...r!==null?[{kind:"PHONE",value:r,primary:!0}]:[]],o=(e??[]).filter(({value:s})=>!a.some(i=>i.value===s));return[...a,...o].sort((s,i)=>Number(i.primary)-Number(s.primary))}function wo({kind:e,value:t,primary:r}){let a=e==="PHONE";return n("li",{class:r?"contact":"contact secondary",children:[n(J,{name:a?"phone":"mail"}),n("a",{href:`${a?"tel":"mailto"}:${t}`,title:a?l.customer.call:l.customer.write,children:a?t:t.split("@").map((o,s)=>s===0?o:n(w,{children:["@",n("wbr",{}),o]}))}),n(Tt,{value:t})]})}function Tt({value:e,name:t=e}){let[r,a]=y(!1);if(!navigator.clipboard)return null;let o=async()=>{await navigator.clipboard.writeText(e),a(!0),setTimeout(()=>a(!1),1500)};return n("button",{type:"button",class:"copy","aria-label":`${l.customer.copy}: ${t}`,title:l.customer.copy,onClick:o,children:[n(J,{name:r?"yes":"copy"}),n("span",{class:"unseen",role:"status",children:r?l.customer.copied:""})]})}function Bn({identity:e}){let t=e.customer?.address??null;if(!e.loading&&t===null&&re(e.failures,"address")===null)return null;let r=t===null?[]:[t.line,[t.postalCode,t.city].filter(Boolean).join(" "),[t.region,t.country&&Pn(t.country)].filter(Boolean).join(", ")].filter(Boolean);return n(W,{name:"address",title:l.contacts.address,region:e,field:"address",records:["CUSTOMER"],children:n("address",{children:r.map(a=>n("span",{children:a},a))})})}function Vn({identity:e}){let t=e.customer?.account??null;return!e.loading&&t===null&&re(e.failures,"account")===null?null:n(W,{name:"account",title:l.contacts.account,region:e,field:"account",records:["ACCOUNT"],children:[n("p",{children:n("strong",{children:t?.name})}),n("p",{class:"facts soft",children:[t?.industry&&n("span",{children:D(t.industry)}),t?.size!=null&&n("span",{children:l.contacts.people(t.size)}),t?.number&&n("span",{children:t.number})]})]})}function ko(e){return e===null||e==="UNKNOWN"?null:l.contacts.channel[e]}var Fn=3;function Eo(e){let t=e.length-Fn;return[...e.slice(0,Fn).map(D),...t>0?[l.customer.more(t)]:[]].join(", ")}function Hn({identity:e,completeness:t,own:r}){let{customer:a,failures:o}=e,s=a===null?[]:[["memberNumber",l.contacts.member,a.memberNumber],["birthDate",l.contacts.born,a.birthDate&&H(`${a.birthDate}T12:00:00`)],["preferredChannel",l.contacts.prefers,ko(a.preferredChannel)],...r.map(([c,m])=>[c,c,m])],{share:i=null,missing:u=[]}=t.customer?.completeness??{};return n(W,{name:"profile",title:l.contacts.completeness,region:e,field:"id",records:["CUSTOMER"],children:[n("dl",{class:"pairs",children:s.map(([c,m,d])=>{let f=d===null&&pe(re(o,c));return d===null&&!f?null:n("div",{children:[n("dt",{children:m}),n("dd",{children:f?n(Z,{}):d})]},c)})}),i!==null&&n(w,{children:[n("meter",{min:0,max:1,value:i,"aria-label":l.contacts.completeness}),n("p",{class:"soft small",children:[l.contacts.known(oe(i)),u.length>0&&`; ${l.contacts.missing(Eo(u))}`]})]})]})}function Qn({id:e}){let t=G(null),[r,a]=y(!1),o=[et,tt,Je,Te,rt].map(u=>String(u).trim()).join(`

`),s=JSON.stringify({id:e,language:F});return n(w,{children:[n("button",{type:"button",class:"quiet",onClick:async()=>{t.current?.showModal();let u=await fetch("/graphql",{headers:{accept:"text/html"},cache:"no-store"}).catch(()=>null);a(u?.headers.get("content-type")?.startsWith("text/html")??!1)},children:l.customer.asQuery}),n("dialog",{ref:t,class:"as-query","aria-label":l.customer.asQuery,children:[n("header",{children:[n("h2",{children:l.customer.asQuery}),n(Tt,{value:o,name:l.customer.asQuery}),r&&n("a",{href:"/graphql",children:l.customer.openEditor}),n("button",{type:"button",class:"quiet",onClick:()=>t.current?.close(),children:l.customer.close})]}),n("p",{class:"soft",children:[l.customer.actsFor," ",n("code",{children:e})]}),n("pre",{tabIndex:0,children:`# ${s}
${o}`})]})]})}var Nt="gateway:moved";function Kn(){let e=location.pathname;return e==="/"?{page:"search"}:e.startsWith("/c/")?{page:"customer",id:decodeURIComponent(e.slice(3))}:{page:"other",name:e.slice(1)}}function ge(e){return`/c/${encodeURIComponent(e).replaceAll("%3A",":")}`}function ae(e,t=!1){history[t?"replaceState":"pushState"](null,"",e),dispatchEvent(new Event(Nt))}function zn(){let[e,t]=y(Kn);return S(()=>{let r=()=>t(Kn());return addEventListener("popstate",r),addEventListener(Nt,r),()=>{removeEventListener("popstate",r),removeEventListener(Nt,r)}},[]),e}function se(e){if(e.metaKey||e.ctrlKey||e.shiftKey||e.button!==0)return;let t=e.currentTarget;e.preventDefault(),ae(t.getAttribute("href")??"/")}function ee(){return new URLSearchParams(location.hash.slice(1))}function ie(e){let t=ee();for(let[a,o]of Object.entries(e))o===""?t.delete(a):t.set(a,o);let r=t.toString();ae(location.pathname+(r?`#${r}`:""),!0)}var So=["SERVICE","LIFECYCLE","VALUE","SATISFACTION","BEHAVIOUR","PREFERENCE","ACQUISITION"],To=["LIFECYCLE","VALUE","BEHAVIOUR"];function Gn(e,t){return t.length>0?t.flatMap(r=>e.find(a=>a.key===r)??[]).slice(0,3):To.flatMap(r=>{let a=e.filter(o=>o.category===r&&o.type==="ENUM");return a.find(({value:o})=>o!==null)??a[0]??[]})}function qn(e){return e.value===null?l.tags.unknown:e.type==="DATE"?H(e.value):e.type==="LIST"?(e.values??[]).map(D).join(", "):e.type==="BOOLEAN"?e.value==="true"?l.tags.yes:l.tags.no:e.value==="YES"?l.tags.yes:e.value==="NO"?l.tags.no:e.valueLabel!==null&&e.valueLabel!==e.value?e.valueLabel:e.type==="ENUM"?D(e.value).toLowerCase():D(e.value)}function Yn({tag:e}){let t=()=>ie({tag:e.key});return n("button",{type:"button",class:e.partial?"chip partial":"chip","data-state":e.partial?"partial":void 0,onClick:t,children:[e.label,": ",n("b",{children:qn(e)}),e.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})}function jn({id:e,tags:t}){let r=t.customer?.tags??[],a=ee().get("tag");return S(()=>{a!==null&&document.getElementById(`tag-${a}`)?.scrollIntoView({block:"nearest"})},[a,t.loading]),n(W,{name:"tags",title:l.tags.title,region:t,field:"tags",children:[r.length===0&&n(Q,{children:l.tags.none}),So.map(o=>{let s=r.filter(i=>i.category===o);return s.length===0?null:n("div",{class:"tag-group",children:[n("h3",{children:l.tags.category[o]}),n("ul",{children:s.map(i=>n("li",{id:`tag-${i.key}`,children:[n("button",{type:"button",class:i.partial?"tag partial":"tag","data-state":i.partial?"partial":void 0,"aria-expanded":a===i.key,onClick:()=>ie({tag:a===i.key?"":i.key}),children:[n("span",{children:i.label}),n("b",{children:[qn(i),i.partial&&n("span",{class:"soft",children:[" (",l.tags.partial,")"]})]})]}),a===i.key&&n(No,{id:e,name:i.key})]},i.key))})]},o)})]})}function No({id:e,name:t}){let[r,a]=y(null);if(S(()=>{let c=new AbortController;return M(On,{id:e,key:t,language:F},c.signal).then(({data:m})=>a({why:m?.customer?.tag??null}),()=>{}),()=>c.abort()},[e,t]),r===null)return n(ve,{});if(r.why===null)return n("p",{class:"none",children:l.tags.unknown});let{rule:o,evidence:s,whyNot:i,computedAt:u}=r.why;return n("div",{class:"why",children:[n("p",{children:o.words}),n("h4",{children:l.tags.seen}),n("dl",{children:s.map(c=>n("div",{children:[n("dt",{children:me(c.label)}),n("dd",{children:[c.missing!==null?we(c.missing):Co(c.value),c.partial&&` (${l.tags.partial})`]})]},c.name))}),i.length>0&&n(w,{children:[n("h4",{children:l.tags.whyNot}),n("ul",{class:"why-not",children:i.map((c,m)=>n("li",{children:[c.value!==null&&n("b",{children:D(c.value)})," ",c.words]},m))})]}),n("p",{class:"soft small",children:l.tags.computed($(u))})]})}function Co(e){return e===null?l.tags.unknown:typeof e=="string"&&/^\d{4}-\d\d-\d\dT/.test(e)?$(e):typeof e=="boolean"?e?l.tags.yes:l.tags.no:Y(e)}function Xn({identity:e,tags:t,chosen:r,now:a}){let{customer:o,failures:s}=e;if(o===null)return n("header",{class:"who-is loading","aria-busy":"true",children:[n("i",{class:"portrait"}),n("div",{class:"who-words",children:[n("i",{}),n("i",{})]})]});let i=o.name!==null,u=t.customer?.tags??[],c=Gn(u,r);return n("header",{class:"who-is","data-region":"header",children:[n("span",{class:"portrait","aria-hidden":"true",children:i?Un(o.name):"·"}),n("div",{class:"who-words",children:[n("h1",{children:i?o.name:pe(re(s,"name"))?n(Z,{}):l.customer.unnamed}),n("p",{class:"facts",children:Ao(o).map(m=>n("span",{children:m},m))}),n("p",{class:"facts soft",children:Ro(o,a).map(m=>n("span",{children:m},m))})]}),n("div",{class:"who-more",children:[n("ul",{class:"chips","aria-label":l.tags.title,children:[c.map(m=>n("li",{children:n(Yn,{tag:m})},m.key)),u.length>c.length&&n("li",{class:"chip-more",children:["+",u.length-c.length]})]}),n(Do,{consents:o.consents,withheld:pe(re(s,"consents"))})]}),o.phone!==null&&n("a",{class:"call primary",href:`tel:${o.phone}`,children:[n(J,{name:"phone"}),l.customer.call]})]})}function Ao({kind:e,company:t,jobTitle:r,account:a}){let o=t?.name??a?.name??null,s=r??t?.roleName??(t?.role?l.customer.role[t.role]:""),i=o!==null?l.customer.worksAt(s??"",o):s??"";return[e==="COMPANY"||i===""?l.customer.kind[e??"UNKNOWN"]:"",i].filter(u=>u!=="")}function Ro({createdAt:e,address:t,locale:r},a){let o=t?.country?$n(t.country,a):null;return[e!==null?l.customer.since(H(e)):"",t?.city??"",o!==null?l.customer.localTime(o):"",r!==null?l.customer.speaks(Mn(r)):""].filter(s=>s!=="")}var Oo={GRANTED:"yes",DENIED:"no",WITHDRAWN:"no",UNKNOWN:"unknown"};function Do({consents:e,withheld:t}){return t?n(Z,{}):e===null||e.length===0?null:n("ul",{class:"consents","aria-label":l.contacts.consents,children:e.slice(0,4).map(({channel:r,purpose:a,state:o})=>n("li",{class:`consent ${o.toLowerCase()}`,children:[n(J,{name:Oo[o]??"unknown"}),[l.contacts.channel[r],a].filter(Boolean).join(" · "),": ",l.contacts.consent[o]]},`${r}${a}`))})}var Io={right:["tickets","last-order","spend"],middle:["timeline"],left:["contacts","address","account","profile","records"],below:["subscriptions","tags"]};function Jn(e){let t=typeof e=="object"&&e!==null?e:{},r=a=>{let o=t[a];return Array.isArray(o)?o.filter(s=>typeof s=="string"):[]};return{regions:r("regions"),hide:new Set(r("hide")),fields:r("fields").filter(a=>/^[a-z][A-Za-z0-9]*$/.test(a)),tags:r("tags")}}function Zn(e,t){let r=Io[e],a=t.regions.filter(o=>r.includes(o));return[...a,...r.filter(o=>!a.includes(o))].filter(o=>!t.hide.has(o))}function ot({found:e}){let{result:t,failures:r}=e;if(t===null){let u=r[0]?.code??"UNKNOWN";return n("p",{class:"note grey",role:"alert",children:u==="OFFLINE"?l.failure.offline:l.failure.other(u)})}if(t.tooShort)return n("p",{class:"note",children:l.search.tooShort});let{matches:a,unavailable:o,notTried:s}=t,i=o.length===0&&s.length===0;return n("div",{class:"silence",children:[a.length===0&&n("p",{class:"silence-nobody",role:"status",children:[n("strong",{children:i?l.search.nobody:l.search.nobodyYet})," ",i?l.search.nobodySo:l.search.notAsked]}),o.length>0&&n("p",{class:"note grey",children:l.search.unavailable(o.join(", "))}),s.length>0&&n("details",{class:"note",open:a.length===0,children:[n("summary",{children:[l.search.notTried,": ",[...new Set(s.map(u=>u.source))].join(", ")]}),n("ul",{children:s.map(u=>n("li",{children:[n("b",{children:u.source})," ",u.how]},u.source+u.how))})]})]})}function er({id:e,viewer:t,identity:r}){let a=r.failures.find(({path:s})=>s.length<=1)??null,o=a?.code??null;return S(()=>{o==="ERASED"&&Ne(t,[e])},[o]),o==="AMBIGUOUS_IDENTITY"?n(tr,{ids:a.candidates,missing:a.missingSources}):o==="ERASED"?n(Ct,{state:"erased",title:l.lost.erased,words:l.lost.erasedSo}):o==="FORBIDDEN"?n(Ct,{state:"forbidden",title:l.lost.forbidden,words:l.lost.forbiddenSo}):o==="WITHHELD_PURPOSE"?n(Ct,{state:"hidden",title:l.lost.hidden,words:l.lost.hiddenSo}):o!==null&&o!=="INVALID_KEY"?n("main",{id:"content",class:"lost","data-state":"failed",children:[n("h1",{children:l.lost.failed}),n(St,{source:a.source,code:o,region:r}),n(At,{})]}):n(Lo,{id:e,viewer:t})}function At(){return n("p",{children:n("a",{href:"/",onClick:se,children:l.lost.search})})}function Ct({state:e,title:t,words:r}){return n("main",{id:"content",class:"lost","data-state":e,children:[n("h1",{children:t}),n("p",{children:r}),n(At,{})]})}function Lo({id:e,viewer:t}){let[r,a]=y(null);S(()=>{let i=new AbortController;return M(Ze,{text:e},i.signal).then(({data:u})=>{let c=u?.find.matches.filter(d=>d.exact)??[],m=c.length===1?c[0].customer.id:null;m!==null&&m!==e?ae(ge(m),!0):a(u?.find??{matches:[],unavailable:[],notTried:[],tooShort:!1}),u&&u.find.unavailable.length===0&&Ne(t,[e])},()=>{}),()=>i.abort()},[e]);let o=r?.matches.filter(i=>i.exact)??[];if(o.length>1)return n(tr,{ids:o.map(({customer:i})=>i.id),missing:r?.unavailable??[]});if(r===null)return n("main",{id:"content",class:"lost","aria-busy":"true",children:n(ve,{})});let s=r.unavailable.length===0;return n("main",{id:"content",class:"lost","data-state":"not-found",children:[n("h1",{children:s?l.lost.title:l.lost.unsure}),n("p",{children:l.lost.tried}),n("div",{class:"finder-result",children:n(ot,{found:{text:e,result:r,failures:[],cards:new Map}})}),n(At,{})]})}function tr({ids:e,missing:t}){let[r,a]=y([]);return S(()=>{M(En,{ids:[...e]}).then(({data:o})=>a((o?.customers??[]).filter(s=>s!==null)))},[e.join()]),n("main",{id:"content",class:"lost","data-state":"ambiguous",children:[n("h1",{children:l.lost.ambiguous}),n("p",{children:l.lost.ambiguousSo}),t.length>0&&n("p",{class:"note grey",children:l.state.missing(t.join(", "))}),n("ul",{class:"cards",children:r.map(o=>n("li",{children:n("a",{href:ge(o.id),onClick:se,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")}),n("span",{children:o.email})]})},o.id))})]})}var nr=3,Po=["CANCELLED","RETURNED"];function rr({commerce:e,now:t}){let r=e.customer?.orders??null,a=r?.nodes[0],o=je(e.sources,"ORDER");return n(W,{name:"last-order",title:l.orders.title,region:e,field:"orders",lines:r?.sources,aside:a&&n("span",{class:`status ${Rt(a.status)}`,children:l.orders.status[a.status]}),children:[n(ke,{sources:r?.unavailable??[],region:e}),!a&&o.length===0&&n(Q,{children:l.state.noSource}),!a&&o.length>0&&r?.unavailable.length===0&&n(Q,{children:l.orders.none(o.join(", "))}),a&&n(Mo,{order:a,now:t})]})}function Rt(e){return e==="DELIVERED"?"good":Po.includes(e)?"bad":"open"}function Mo({order:e,now:t}){let r=e.items.length-nr,a=e.refunded!==null&&Number(e.refunded.amount)>0;return n("div",{class:"order",children:[n("p",{class:"order-line",children:[n("span",{title:$(e.placedAt),children:[Xe(e.placedAt,t)," ",n("span",{class:"soft",children:Se(e.placedAt,t)})]}),e.total!==null&&n("strong",{class:"amount",children:j(e.total)})]}),n("ul",{class:"items","aria-label":l.orders.pieces,children:[e.items.slice(0,nr).map((o,s)=>n("li",{children:[n("span",{children:o.name??"–"}),String(o.quantity)!=="1"&&n("span",{class:"soft",children:["× ",o.quantity]})]},s)),r>0&&n("li",{class:"soft",children:l.customer.more(r)})]}),a&&n("p",{class:"soft",children:l.orders.refunded(j(e.refunded))}),e.number!==null&&n("p",{class:"soft small",children:l.orders.order(e.number)})]})}function or({commerce:e}){let t=e.customer?.orderStatistics??null,r=t?.partial??!1,a=t&&(r?l.state.atLeast(k(t.count)):k(t.count));return n(W,{name:"spend",title:l.spend.title,region:e,field:"orderStatistics",records:["ORDER"],children:t&&n(w,{children:[n("ul",{class:"sums",children:t.total.map(o=>n("li",{class:"amount",children:r?l.state.atLeast(j(o)):j(o)},o.currency))}),t.count===0&&!r?n(Q,{children:l.spend.none}):n("p",{class:"facts soft",children:[n("span",{children:t.count===1&&!r?l.spend.oneOrder:l.spend.orders(a??"")}),t.firstAt!==null&&n("span",{children:l.spend.since(H(t.firstAt))}),t.refunded.filter(o=>Number(o.amount)>0).map(o=>n("span",{children:l.spend.refunded(j(o))},o.currency))]})]})})}function ar({commerce:e}){let t=e.customer?.subscriptions??null;return!e.loading&&t?.nodes.length===0&&t.unavailable.length===0?null:n(W,{name:"subscriptions",title:l.subscriptions.title,region:e,field:"subscriptions",lines:t?.sources,children:[n(ke,{sources:t?.unavailable??[],region:e}),n("ul",{class:"rows",children:t?.nodes.map(r=>n("li",{children:[n("span",{children:[r.plan??l.subscriptions.plan," ",n("span",{class:"soft",children:$o(r)??l.subscriptions.status[r.status]})]}),r.amount!==null&&n("span",{class:"soft",children:[j(r.amount)," ",l.subscriptions.every[r.interval]]})]},r.id))})]})}function $o({renewsAt:e,cancelledAt:t,endsAt:r}){return r!==null?l.subscriptions.ends(H(r)):t!==null?l.subscriptions.cancelled(H(t)):e!==null?l.subscriptions.renews(H(e)):null}function sr(e,t){let[r,a]=y([]),o=t.join(" ");return S(()=>{if(o==="")return;let s=new U(`query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${o} } }`),i=new AbortController;return M(s,{id:e},i.signal).then(({data:u})=>a(t.flatMap(c=>{let m=Y(u?.customer?.[c]);return m===""?[]:[[me(D(c)),D(m)]]})),()=>{}),()=>i.abort()},[e,o]),r}function ir({identity:e}){let{customer:t}=e,r=(t?.origins??[]).flatMap(({field:a,source:o,others:s})=>{let i=Y(Uo(t,a)),u=s.filter(({value:c})=>Y(c)!==i);return o!==null&&u.length>0&&i!==""?[{field:a,source:o,own:i,other:u}]:[]});return n(W,{name:"records",title:l.records.title,region:e,field:"records",children:[n("ul",{class:"rows",children:t?.records.map(({source:a,sourceId:o})=>n("li",{children:[n("span",{children:a}),n("code",{children:o})]},a+o))}),t?.identity.complete===!1&&n("p",{class:"soft small",children:l.records.incomplete}),r.length>0&&n(w,{children:[n("h3",{children:l.records.differ}),n("dl",{class:"origins",children:r.map(({field:a,source:o,own:s,other:i})=>n("div",{children:[n("dt",{children:me(D(a))}),n("dd",{children:l.records.says(o,s)}),i.map(u=>n("dd",{class:"soft",children:l.records.says(u.source,Y(u.value))},u.source))]},a))})]})]})}function Uo(e,t){return e===null?null:e[t]}var lr=["UNAVAILABLE","STALE","FRESH","NOT_CONFIGURED"];function dr({regions:e}){let t=Fo(e),r=e.some(c=>c.loading),a=t.filter(({state:c})=>c==="UNAVAILABLE"),o=t.filter(({state:c,asOf:m})=>c==="STALE"&&m!==null),s=t.filter(({state:c,droppedRecords:m})=>c==="FRESH"&&m>0),i=[...a,...o],u=t.length-i.length;return n("div",{class:"strip",role:"group","aria-label":l.sources.title,children:[r&&t.length===0&&n("span",{class:"pill",children:l.sources.asking}),a.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),ur(a),": ",l.sources.unavailable,n(Ue,{region:cr(a,e)})]}),o.length>0&&n("span",{class:"pill stale",children:[n("i",{class:"dot","aria-hidden":"true"}),ur(o),": ",l.state.asOf(q(o.map(({asOf:c})=>c??"").sort()[0])),n(Ue,{region:cr(o,e)})]}),s.map(c=>n("span",{class:"pill",children:[c.name,": ",l.sources.dropped(c.droppedRecords)]},c.name)),u>0&&n("span",{class:"pill fresh",title:t.map(({name:c})=>c).join(", "),children:[n("i",{class:"dot","aria-hidden":"true"}),i.length===0?l.sources.allWell(u):l.sources.others(u)]})]})}var ur=e=>e.map(({name:t})=>t).join(", ");function Fo(e){let t=new Map;for(let r of e.flatMap(a=>a.sources)){if(r.name===null||r.state==="NOT_CONFIGURED")continue;let a=t.get(r.name);(!a||lr.indexOf(r.state)<lr.indexOf(a.state))&&t.set(r.name,r)}return[...t.values()]}function cr(e,t){let r=e.map(({name:o})=>o),a=t.filter(({sources:o})=>o.some(({name:s,state:i})=>r.includes(s)&&(i==="UNAVAILABLE"||i==="STALE")));return{...t[0],asking:a.some(({asking:o})=>o),ask:()=>a.forEach(({ask:o})=>o())}}var Ot=2,pr=["URGENT","HIGH","NORMAL","LOW","UNKNOWN"];function mr({service:e,now:t}){let[r,a]=y(!1),o=e.customer?.open??null,s=[...o?.nodes??[]].sort((f,g)=>pr.indexOf(f.priority)-pr.indexOf(g.priority)||g.createdAt.localeCompare(f.createdAt)),i=o===null||o.unavailable.length>0||o.partial?null:o.totalCount,u=i!==null?String(i):s.length>0?l.state.atLeast(String(s.length)):"",c=e.customer?.all?.totalCount??null,m=Ye(e.failures,"subject"),d=je(e.sources,"TICKET");return n(W,{name:"tickets",title:l.tickets.title,region:e,field:"open",lines:o?.sources,aside:s.length>0&&n("span",{class:"count",children:u}),children:[n(ke,{sources:o?.unavailable??[],region:e}),s.length===0&&d.length===0&&n(Q,{children:l.state.noSource}),s.length===0&&d.length>0&&o?.unavailable.length===0&&n(Q,{children:[l.tickets.none(d.join(", "))," ",c!==null&&c>0&&n("span",{class:"soft",children:l.tickets.ever(c)})]}),n("ul",{class:s.length===1?"tickets single":"tickets",children:(r?s:s.slice(0,Ot)).map(f=>n("li",{children:n(Wo,{ticket:f,now:t,hidden:m})},f.id))}),s.length===1&&c!==null&&c>1&&n("p",{class:"soft small",children:l.tickets.ever(c)}),s.length>Ot&&n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>a(!r),children:r?l.customer.less:l.customer.more(s.length-Ot)})]})}function Wo({ticket:e,now:t,hidden:r}){let a=e.messages.at(-1),o=l.tickets.priority[e.priority];return n("article",{class:"ticket",children:[n("h3",{children:e.subject??(r?n(Z,{}):l.tickets.noSubject)}),n("p",{class:"facts soft",children:[o&&n("span",{class:`priority ${e.priority.toLowerCase()}`,children:o}),n("span",{children:l.tickets.status[e.status]}),n("span",{title:$(e.createdAt),children:l.tickets.opened(Se(e.createdAt,t))})]}),a?.body&&n("p",{class:"last-message",children:[n("b",{children:[l.tickets.author[a.author],":"]})," ",a.body]})]})}function K(e){switch(e.__typename){case"Order":return e.placedAt;case"Ticket":case"Deal":return e.createdAt;case"Subscription":return e.startedAt;case"Event":case"Survey":return e.at}}var Bo={Order:"order",Ticket:"ticket",Event:"event",Deal:"deal",Subscription:"subscription",Survey:"survey"};function gr({entry:e,hidden:t}){let r=ee().get("open")===e.id,a=Ho(e),o=n(w,{children:[n(J,{name:Bo[e.__typename]}),n("span",{class:"entry-words",children:hr(e,t)}),n("time",{dateTime:K(e),title:$(K(e)),children:q(K(e))})]});return n("li",{class:`entry ${e.__typename.toLowerCase()}`,children:[a===null?n("div",{class:"entry-head",children:o}):n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ie({open:r?"":e.id}),children:o}),r&&n("div",{class:"entry-details",children:a})]})}function fr({events:e}){let t=e[0].id,r=ee().get("open")===t,a=new Map;for(let s of e)s.__typename==="Event"&&a.set(s.type,(a.get(s.type)??0)+1);let o=[...a].map(([s,i])=>i>1?`${D(s)} × ${i}`:D(s));return n("li",{class:"entry event",children:[n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>ie({open:r?"":t}),children:[n(J,{name:"event"}),n("span",{class:"entry-words",children:[l.timeline.events(e.length)," ",n("span",{class:"soft",children:o.join(", ")})]}),n("time",{dateTime:K(e[0]),children:q(K(e[0]))})]}),r&&n("ol",{class:"entry-details",children:e.map(s=>n("li",{class:"entry-event",children:[n("span",{children:hr(s)}),n("time",{dateTime:K(s),children:q(K(s))})]},s.id))})]})}function hr(e,t=!1){switch(e.__typename){case"Order":return n(w,{children:[n("b",{children:e.number===null?l.timeline.only.ORDER:l.orders.order(e.number)})," ",e.total!==null&&j(e.total)," ",n("span",{class:`status ${Rt(e.orderStatus)}`,children:l.orders.status[e.orderStatus]})]});case"Ticket":return n(w,{children:[n("b",{children:e.subject??(t?n(Z,{}):l.tickets.noSubject)})," ",n("span",{class:Vo(e)?"status bad":"status",children:l.tickets.status[e.ticketStatus]})]});case"Event":return n(w,{children:[me(D(e.type))," ",n("span",{class:"soft",children:e.page??e.feature})]});case"Deal":return n(w,{children:[n("b",{children:e.name??l.timeline.deal})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:e.stageName??l.timeline.stage[e.stage]})]});case"Subscription":return n(w,{children:[n("b",{children:e.plan??l.subscriptions.plan})," ",e.amount!==null&&j(e.amount)," ",n("span",{class:"soft",children:l.subscriptions.status[e.subscriptionStatus]})]});case"Survey":return n(w,{children:[n("b",{children:l.timeline.survey[e.surveyKind]})," ",e.score!==null&&(e.scale===null?e.score:l.timeline.outOf(String(e.score),String(e.scale)))]})}}var Vo=({ticketStatus:e})=>!["SOLVED","CLOSED","UNKNOWN"].includes(e);function Ho(e){switch(e.__typename){case"Order":return e.items.length===0?null:n("ul",{class:"rows",children:e.items.map((t,r)=>n("li",{children:[n("span",{children:[t.name??"–"," ",String(t.quantity)!=="1"&&n("span",{class:"soft",children:["× ",t.quantity]})]}),t.unitPrice!==null&&n("span",{class:"amount",children:j(t.unitPrice)})]},r))});case"Ticket":return e.messages.length===0?null:n("ol",{class:"messages",children:e.messages.map((t,r)=>n("li",{class:`message ${t.author.toLowerCase()}`,children:[n("p",{class:"soft small",children:[l.tickets.author[t.author]," ",t.at!==null&&n("time",{dateTime:t.at,children:$(t.at)})]}),n("p",{children:t.body})]},r))});case"Survey":return e.comment===null?null:n("p",{children:e.comment});default:return null}}var xr=Object.keys(l.timeline.only);function Dt(){let e=(ee().get("only")??"").split(",").filter(t=>xr.includes(t));return e.length>0?e:null}function _r({id:e,behaviour:t,now:r}){let a=Dt(),o=t.customer?.timeline??null,[s,i]=y(null),[u,c]=y(!1);S(()=>i(null),[o]);let m=[...o?.nodes??[],...s?.nodes??[]],d=s!==null?s.next:br(o),f=Ye(t.failures,"subject"),g=async()=>{c(!0);let{data:p}=await M(Te,{id:e,records:a,after:d});c(!1);let h=p?.customer?.timeline??null;h!==null&&i({nodes:[...s?.nodes??[],...h.nodes],next:br(h)})};return n(W,{name:"timeline",title:l.timeline.title,region:t,field:"timeline",lines:o?.sources,top:n(Qo,{kinds:a}),children:[n(ke,{sources:o?.unavailable??[],region:t}),m.length===0&&o?.unavailable.length===0&&n(Q,{children:l.timeline.none}),zo(m).map(([p,h])=>n("section",{class:"day","aria-label":kt(K(h[0])),children:[n("h3",{title:kt(K(h[0])),children:qo(h[0],r)}),n("ol",{children:Go(h).map(x=>x.length>1?n(fr,{events:x},x[0].id):n(gr,{entry:x[0],hidden:f},x[0].id))})]},p)),d!==null&&n("button",{type:"button",class:"more",disabled:u,onClick:g,children:u?l.state.asking:l.timeline.more}),d===null&&m.length>0&&n("p",{class:"end soft small",children:l.timeline.end})]})}function Qo({kinds:e}){return n("div",{class:"filters",role:"group","aria-label":l.timeline.title,children:[n(yr,{on:e===null,name:l.timeline.all,onClick:()=>ie({only:""})}),xr.map(t=>n(yr,{on:e?.includes(t)??!1,name:l.timeline.only[t],onClick:()=>ie({only:Ko(e??[],t).join(",")})},t))]})}function yr({on:e,name:t,onClick:r}){return n("button",{type:"button",class:"filter","aria-pressed":e,onClick:r,children:t})}function Ko(e,t){return e.includes(t)?e.filter(r=>r!==t):[...e,t]}function br(e){return e?.pageInfo.hasNextPage?e.pageInfo.endCursor:null}function zo(e){let t=new Map;for(let r of e){let a=new Date(K(r)).toDateString();t.set(a,[...t.get(a)??[],r])}return[...t]}function Go(e){let t=[];for(let r of e){let a=t.at(-1);r.__typename==="Event"&&a?.[0]?.__typename==="Event"?a.push(r):t.push([r])}return t}function qo(e,t){let r=new Date(K(e)),a=new Date(t.getTime()-864e5);return r.toDateString()===t.toDateString()?l.timeline.today:r.toDateString()===a.toDateString()?l.timeline.yesterday:Xe(K(e),t)}function vr(e){let[t,r]=y(()=>matchMedia(e).matches);return S(()=>{let a=matchMedia(e),o=()=>r(a.matches);return a.addEventListener("change",o),()=>a.removeEventListener("change",o)},[e]),t}var Fe=["timeline","contact","tags"];function wr({id:e,viewer:t,looking:r}){let a=Pe(()=>Jn(r.layout),[r]),o=_e(et,{id:e}),s=_e(Nn,{id:e}),i=_e(tt,{id:e}),u=_e(Je,{id:e}),c=_e(Te,{id:e,records:Dt(),after:null}),m=_e(rt,{id:e,language:F}),d=sr(e,a.fields),f=vr("(max-width: 760px)"),[g,p]=y("timeline"),h=Pe(()=>new Date(r.pinnedClock??Date.now()),[r,o.customer]),x=o.customer?.id??null;if(S(()=>{x!==null&&In(t,x)},[x,t]),!o.loading&&o.customer===null)return n(er,{id:e,viewer:t,identity:o});let E={tickets:n(mr,{service:i,now:h}),"last-order":n(rr,{commerce:u,now:h}),spend:n(or,{commerce:u}),timeline:n(_r,{id:e,behaviour:c,now:h}),contacts:n(Wn,{identity:o}),address:n(Bn,{identity:o}),account:n(Vn,{identity:o}),profile:n(Hn,{identity:o,completeness:s,own:d}),records:n(ir,{identity:o}),subscriptions:n(ar,{commerce:u}),tags:n(jn,{id:e,tags:m})},_=(v,R)=>n("div",{class:`column ${v}`,...f&&R?{id:`panel-${R}`,role:"tabpanel","aria-labelledby":`tab-${R}`,hidden:g!==R}:{},children:Zn(v,a).map(O=>n(Yo,{children:E[O]},O))});return n("main",{id:"content",class:"customer",children:[r.pinnedClock!==null&&n("p",{class:"banner",children:l.customer.pinned($(r.pinnedClock))}),n(Xn,{identity:o,tags:m,chosen:a.tags,now:h}),n(dr,{regions:[o,i,u,c,m]}),n("div",{class:"columns",children:[_("right"),f&&n(jo,{tab:g,onTab:p}),_("middle","timeline"),_("left","contact"),_("below","tags")]}),n("footer",{class:"foot",children:[n("p",{children:l.customer.zone(kn)}),n(Qn,{id:e})]})]})}var Yo=({children:e})=>n(w,{children:e});function jo({tab:e,onTab:t}){let r={timeline:l.timeline.title,contact:l.contacts.title,tags:l.tags.title};return n("div",{class:"tabs",role:"tablist",onKeyDown:o=>{let s=o.key==="ArrowRight"?1:o.key==="ArrowLeft"?-1:0;if(s===0)return;let i=Fe[(Fe.indexOf(e)+s+Fe.length)%Fe.length];t(i),document.getElementById(`tab-${i}`)?.focus()},children:Fe.map(o=>n("button",{id:`tab-${o}`,type:"button",role:"tab","aria-selected":e===o,"aria-controls":`panel-${o}`,tabIndex:e===o?0:-1,onClick:()=>t(o),children:r[o]},o))})}function fe(e,t){let[r,a]=y(null),[o,s]=y(!0),i=G(null),u=JSON.stringify(t),c=xe(async()=>{i.current?.abort();let m=new AbortController;i.current=m,s(!0);try{let{data:d,failures:f}=await M(e,t,m.signal);a({data:d,failures:f}),s(!1)}catch(d){if(!m.signal.aborted)throw d}},[e,u]);return S(()=>(c(),()=>i.current?.abort()),[c]),{loading:r===null,asking:o,data:r?.data??null,failures:r?.failures??[],ask:c}}var kr={nobody:"无",nav:{label:"页面",customers:"客户",sources:"数据源",tags:"标签",segments:"客群"},chart:{table:"以表格显示",time:"时间",count:"数量",share:"占比",line:(e,t,r)=>`${e}：最近 ${t}，最高 ${r}。`},sources:{title:"数据源",right:"数据源状况仅供网关运维人员查看：调用方须设置 operate = true。",process:(e,t)=>`由进程 ${e} 在 ${t} 统计，其他工作进程各自统计。`,health:{USABLE:"正常查询",PAUSED:"暂停查询",PROBING:"正在试探"},paused:e=>`因持续失败，还要暂停 ${e} 秒`,held:e=>`数据源要求 ${e} 秒内不要查询。`,since:"统计起点",calls:"调用",failed:"失败",p50:"半数耗时不超过",p95:"95% 耗时不超过",recent:e=>`最近五分钟 ${e} 次调用`,none:"最近五分钟没有调用",underWay:"进行中",ofMost:(e,t)=>`${e} / ${t}`,waiting:"等待的键",retries:"重试",openings:"累计暂停",times:e=>`${e} 次`,cache:"由缓存回答",stale:"以旧答案代替",quota:"剩余调用",left:(e,t)=>`现在 ${e}，每秒 ${t}`,noQuota:"未设上限",finds:"可查找",perMinute:"每分钟调用",latency:"每分钟耗时",outcomes:"调用结果",code:"代码",ok:"已回答",cancelled:"已放弃",refused:"未调用即拒绝的查询",dropped:"略去的记录",unreadable:"无法读取的值",what:"内容",reason:{missing:"缺失",malformed:"格式不符","out of range":"超出范围"},allReadable:"全部可以读取。",ms:e=>`${e} 毫秒`},tags:{title:"标签",right:"标签的使用与总体分布仅供标签负责人查看：调用方须设置 govern = true。",days:"最近",someDays:e=>`${e} 天`,owner:"负责人",version:"版本",since:"生效起点",review:"复查期限",notNoted:"尚未记录",ttl:"有效期",hours:e=>`${e} 小时`,rule:"规则",thresholds:"阈值",values:"取值",value:"值",noValue:"无值",sample:e=>`随机抽取 ${e} 位客户的取值`,nothingStored:"还没有客户存有此标签。",quality:"完整程度",state:"状态",whole:"完整",partial:"不完整",failed:"失败",usage:e=>`${e} 天内提供给`,caller:"调用方",noName:"无名称",neverAsked:"无人查询过。",readBy:"读取它的客群",starts:"由它触发的动作",history:"规则历史",fingerprint:"规则"},segments:{title:"客群",none:"没有定义客群。",sizes:"成员",segment:"客群",owner:"负责人",condition:"条件",uploaded:"上传的名单",asOf:"统计时间",notCounted:"尚未统计。",spread:"在已计算的客户中",state:"状态",inside:"属于",outside:"不属于",unknown:"无法判断",usage:e=>`${e} 天内查询者`}};var Er={nobody:"none",nav:{label:"Pages",customers:"Customers",sources:"Sources",tags:"Tags",segments:"Segments"},chart:{table:"As a table",time:"Time",count:"Count",share:"Share",line:(e,t,r)=>`${e}: ${t} last, ${r} at most.`},sources:{title:"Sources",right:"How sources are is for those who operate the gateway: callers with operate = true.",process:(e,t)=>`As the process ${e} knows at ${t}. Other workers count their own calls.`,health:{USABLE:"asked",PAUSED:"left alone",PROBING:"being tried"},paused:e=>`for ${e} s more, as it kept failing`,held:e=>`It has asked to be left alone for ${e} s.`,since:"Counted since",calls:"Calls",failed:"Failed",p50:"Half within",p95:"95 of 100 within",recent:e=>`of ${e} calls in five minutes`,none:"no calls in five minutes",underWay:"Under way",ofMost:(e,t)=>`${e} of ${t}`,waiting:"Keys that wait",retries:"Made again",openings:"Left alone so far",times:e=>`${e} times`,cache:"Answered from the cache",stale:"Older answers stood in",quota:"Calls left",left:(e,t)=>`${e} now, ${t} a second`,noQuota:"no limit is set",finds:"Finds",perMinute:"Calls a minute",latency:"Latency a minute",outcomes:"How calls ended",code:"Code",ok:"answered",cancelled:"given up",refused:"Lookups refused without a call",dropped:"Records left out",unreadable:"Values that could not be read",what:"What",reason:{missing:"missing",malformed:"of another form","out of range":"out of range"},allReadable:"Everything could be read.",ms:e=>`${e} ms`},tags:{title:"Tags",right:"Who uses tags, and what they say on the whole, is for those who govern them: callers with govern = true.",days:"Of the last",someDays:e=>`${e} days`,owner:"Owner",version:"Version",since:"In force since",review:"To be looked at by",notNoted:"not noted yet",ttl:"Fresh for",hours:e=>`${e} h`,rule:"The rule",thresholds:"Thresholds",values:"Values",value:"Value",noValue:"no value",sample:e=>`What ${e} customers have, chosen at random`,nothingStored:"No customer has it stored yet.",quality:"How complete it is",state:"State",whole:"complete",partial:"partial",failed:"failed",usage:e=>`Given to, in ${e} days`,caller:"Caller",noName:"without a name",neverAsked:"Nobody has asked for it.",readBy:"Segments that read it",starts:"Actions that it starts",history:"History of the rule",fingerprint:"Rule"},segments:{title:"Segments",none:"No segments are defined.",sizes:"Members",segment:"Segment",owner:"Owner",condition:"The condition",uploaded:"an uploaded list",asOf:"Counted",notCounted:"Not counted yet.",spread:"Of the customers that were computed",state:"State",inside:"in it",outside:"not in it",unknown:"cannot be told",usage:e=>`Asked for by, in ${e} days`}};var Xo={en:Er,zh:kr},T=Xo[F];function le({title:e,of:t,bars:r}){let a=Math.max(1,...r.map(({value:s,of:i})=>i??s));if(r.length===0)return null;let o=r.some(({of:s})=>s!==void 0);return n("table",{class:"chart bars","data-chart":"bars",children:[n("caption",{children:e}),n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:T.chart.count}),o&&n("th",{scope:"col",children:T.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,of:u,soft:c})=>n("tr",{children:[n("th",{scope:"row",children:s}),n("td",{class:"drawn",children:[n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:[n("rect",{class:"ground",width:"100",height:"10"}),n("rect",{class:c?"bar-soft":"bar-full",width:100*i/a,height:"10"})]}),n("span",{class:"figure",children:k(i)})]}),o&&n("td",{class:"figure share",children:u?oe(i/u):""})]},s))})]})}function Ce({title:e,of:t,parts:r}){let a=r.reduce((s,{value:i})=>s+i,0);if(a===0)return null;let o=0;return n("figure",{class:"chart shares","data-chart":"shares",children:[n("figcaption",{children:e}),n("svg",{viewBox:"0 0 100 10",preserveAspectRatio:"none","aria-hidden":"true",children:r.map(({label:s,value:i,tone:u})=>{let c=o;return o+=100*i/a,i>0&&n("rect",{class:`tone-${u}`,x:c,width:100*i/a,height:"10"},s)})}),n("table",{"aria-label":e,children:[n("thead",{class:"unseen",children:n("tr",{children:[n("th",{scope:"col",children:t}),n("th",{scope:"col",children:T.chart.count}),n("th",{scope:"col",children:T.chart.share})]})}),n("tbody",{children:r.map(({label:s,value:i,tone:u})=>n("tr",{children:[n("th",{scope:"row",children:[n("svg",{class:"swatch",viewBox:"0 0 10 10","aria-hidden":"true",children:n("rect",{class:`tone-${u}`,width:"10",height:"10"})}),s]}),n("td",{class:"figure",children:k(i)}),n("td",{class:"figure share",children:oe(i/a)})]},s))})]})]})}function Ae({name:e,title:t,report:r,aside:a,children:o}){return n("main",{id:"content",class:`report report-${e}`,"aria-busy":r.asking,children:[n("header",{class:"report-head",children:[n("h1",{children:t}),n("span",{class:"grow"}),a,n("button",{type:"button",class:"again",disabled:r.asking,onClick:r.ask,children:r.asking?l.state.asking:l.state.askAgain})]}),r.loading?n(ve,{}):o]})}function Re({failures:e,right:t}){let r=e[0],a=r?.code??"UNKNOWN",o=a==="FORBIDDEN"?t:a==="OFFLINE"?l.failure.offline:l.failure.other(a);return n("p",{class:"note grey",role:"status","data-state":a==="FORBIDDEN"?"withheld":"unavailable",children:[o,a==="INVALID_ARGUMENT"&&` ${r?.message??""}`]})}function Oe({facts:e}){return n("dl",{class:"figures",children:e.map(([t,r])=>n("div",{children:[n("dt",{children:t}),n("dd",{children:r})]},t))})}var It=e=>e.length===0?T.nobody:e.join(", ");var N=T.tags;function Sr({tag:e,figures:t,days:r}){return n("section",{class:"box report-card","data-tag":e.key,"aria-labelledby":`tag-${e.key}`,children:[n("header",{children:[n("h2",{id:`tag-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key}),n("span",{class:"soft",children:l.tags.category[e.category]})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Oe,{facts:[[N.owner,e.owner],[N.version,k(e.version)],[N.since,t===null||t.changedAt===null?N.notNoted:H(t.changedAt)],...e.review===null?[]:[[N.review,H(e.review)]],[N.ttl,N.hours(k(e.ttlSeconds/3600))],...e.thresholds.length===0?[]:[[N.thresholds,e.thresholds.map(({name:a,value:o})=>`${a} = ${Y(o)}`).join(", ")]],...t===null?[]:[[N.readBy,It(t.segments)],[N.starts,It(t.actions)]]]}),t!==null&&n(Jo,{tag:e,figures:t,days:r}),n("details",{children:[n("summary",{children:[N.rule,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.expression})]})]})}function Jo({tag:e,figures:t,days:r}){let{sampled:a,given:o,partial:s,failed:i}=t;return n(w,{children:[n("div",{class:"charts",children:[n(le,{title:N.sample(k(a)),of:N.value,bars:a===0?[]:Zo(e,t)}),n(Ce,{title:N.quality,of:N.state,parts:[{label:N.whole,value:Math.max(0,o-s),tone:"good"},{label:N.partial,value:s,tone:"warn"},{label:N.failed,value:i,tone:"bad"},{label:N.noValue,value:Math.max(0,a-Math.max(o,s)-i),tone:"soft"}]}),n(Lt,{title:N.usage(k(r)),figures:t})]}),a===0&&n("p",{class:"none",children:N.nothingStored}),t.asked===0&&n("p",{class:"none",children:N.neverAsked}),t.history.length>0&&n(ea,{figures:t})]})}function Lt({title:e,figures:t}){let r=t.callers.map(({caller:a,asked:o})=>({label:a||N.noName,value:o}));return n(le,{title:e,of:N.caller,bars:r})}function Zo(e,{sampled:t,given:r,values:a}){let o=new Map(e.valueLabels.map(({value:i,label:u})=>[i,u]));return[...a.map(({value:i,count:u})=>({label:o.get(i)??D(i),value:u,of:t})),{label:N.noValue,value:t-r,of:t,soft:!0}]}function ea({figures:e}){return n("details",{children:[n("summary",{children:N.history}),n("table",{class:"history",children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:N.since}),n("th",{scope:"col",children:N.version}),n("th",{scope:"col",children:N.fingerprint})]})}),n("tbody",{children:e.history.map(({at:t,version:r,fingerprint:a})=>n("tr",{children:[n("th",{scope:"row",children:$(t)}),n("td",{children:r===null?N.notNoted:k(r)}),n("td",{children:n("code",{children:a})})]},t))})]})]})}var ta=[7,30,90,365];function Tr(){let[e,t]=y(30),r=fe(Rn,{language:F}),a=fe(nt,{days:e}),o=a.data?.tagReport??null,s={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ae,{name:"tags",title:T.tags.title,report:s,aside:n(Pt,{days:e,onChange:t}),children:[!a.loading&&o===null&&n(Re,{failures:a.failures,right:T.tags.right}),(r.data?.tagDefinitions??[]).map(i=>n(Sr,{tag:i,figures:o?.find(({key:u})=>u===i.key)??null,days:e},i.key))]})}function Pt({days:e,onChange:t}){return n("label",{class:"span",children:[T.tags.days," ",n("select",{class:"quiet",value:String(e),onChange:r=>t(Number(r.currentTarget.value)),children:ta.map(r=>n("option",{value:String(r),children:T.tags.someDays(k(r))},r))})]})}var B=T.segments;function Nr(){let[e,t]=y(30),r=fe(Cn,{language:F}),a=fe(nt,{days:e}),o=r.data?.segments??null,s=(o??[]).filter(({count:c})=>c!==null),i=new Map((a.data?.tagReport??[]).map(c=>[c.key,c])),u={...r,asking:r.asking||a.asking,ask:()=>{r.ask(),a.ask()}};return n(Ae,{name:"segments",title:B.title,report:u,aside:n(Pt,{days:e,onChange:t}),children:[o===null&&n(Re,{failures:r.failures,right:T.tags.right}),o?.length===0&&n("p",{class:"note",children:B.none}),s.length>1&&n("section",{class:"box report-card",children:n(le,{title:B.sizes,of:B.segment,bars:s.map(({label:c,count:m,known:d})=>({label:c,value:m??0,...d?{of:d}:{}}))})}),(o??[]).map(c=>n(na,{segment:c,usage:i.get(`segment:${c.key}`)??null,days:e},c.key))]})}function na({segment:e,usage:t,days:r}){let{count:a,known:o,unknown:s}=e;return n("section",{class:"box report-card","data-segment":e.key,"aria-labelledby":`segment-${e.key}`,children:[n("header",{children:[n("h2",{id:`segment-${e.key}`,children:e.label}),n("span",{class:"soft",children:e.key})]}),n("p",{children:e.description}),n("p",{class:"words",children:e.words}),n(Oe,{facts:[[B.owner,e.owner],[B.sizes,a===null?B.notCounted:k(a)],[B.asOf,e.asOf===null?B.notCounted:$(e.asOf)]]}),n("div",{class:"charts",children:[a!==null&&o!==null&&e.condition!==null&&n(Ce,{title:B.spread,of:B.state,parts:[{label:B.inside,value:a,tone:"plain"},{label:B.outside,value:Math.max(0,o-a),tone:"soft"},{label:B.unknown,value:s??0,tone:"warn"}]}),t!==null&&n(Lt,{title:B.usage(k(r)),figures:t})]}),e.condition===null?n("p",{class:"soft",children:B.uploaded}):n("details",{children:[n("summary",{children:[B.condition,n("span",{class:"unseen",children:[": ",e.label]})]}),n("pre",{tabIndex:0,children:e.condition})]})]})}function Mt({title:e,times:t,lines:r,format:a}){let o=r.flatMap(({values:c})=>c.filter(m=>m!==null));if(t.length<2||o.length===0)return null;let s=Math.max(...o)||1,i=r.map(({label:c,values:m})=>T.chart.line(c,...ra(m,a))).join(" "),u=t.map((c,m)=>m).filter(c=>r.some(({values:m})=>m[c]));return n("figure",{class:"chart lines","data-chart":"lines",children:[n("figcaption",{children:e}),n("div",{class:"plot",children:[n("span",{class:"most","aria-hidden":"true",children:a(s)}),n("svg",{viewBox:"0 0 100 40",preserveAspectRatio:"none",role:"img","aria-label":`${e}. ${i}`,children:[n("path",{class:"grid",d:"M0 0.5H100M0 20H100M0 39.5H100"}),r.map(({label:c,tone:m,values:d})=>n("path",{class:`line-${m}`,d:oa(d,s)},c))]}),n("span",{class:"from","aria-hidden":"true",children:q(t[0])}),n("span",{class:"to","aria-hidden":"true",children:q(t.at(-1))})]}),n("p",{class:"legend","aria-hidden":"true",children:r.map(({label:c,tone:m})=>n("span",{class:`key-${m}`,children:c},c))}),n("details",{children:[n("summary",{children:[T.chart.table,n("span",{class:"unseen",children:[": ",e]})]}),n("table",{children:[n("thead",{children:n("tr",{children:[n("th",{scope:"col",children:T.chart.time}),r.map(({label:c})=>n("th",{scope:"col",children:c},c))]})}),n("tbody",{children:u.map(c=>n("tr",{children:[n("th",{scope:"row",children:q(t[c])}),r.map(({label:m,values:d})=>n("td",{class:"figure",children:d[c]===null?"":a(d[c])},m))]},c))})]})]})]})}var Cr=.8;function ra(e,t){let r=e.filter(a=>a!==null);return[t(r.at(-1)??0),t(Math.max(0,...r))]}function oa(e,t){let r=100/(e.length-1),a="";return e.forEach((o,s)=>{if(o===null)return;let i=s*r,u=(39.5-39*o/t).toFixed(2),c=s>0&&e[s-1]!==null;a+=c?`L${i.toFixed(2)} ${u}`:`M${Math.max(0,i-Cr).toFixed(2)} ${u}h${Cr}`}),a}function Ar(e,t){let r=e[0];if(r===void 0)return[];let a=Math.max(9,Math.floor((Date.parse(t)-Date.parse(r.at))/6e4)),o=Math.floor(Date.parse(t)/6e4-a)*6e4,s=Math.min(61,a+1),i=Array.from({length:s},(u,c)=>({at:new Date(o+c*6e4).toISOString(),calls:0,failed:0,p50:null,p95:null}));for(let{at:u,calls:c,failed:m,latencyP50Ms:d,latencyP95Ms:f}of e){let g=i[Math.round((Date.parse(u)-o)/6e4)];g!==void 0&&Object.assign(g,{calls:c,failed:m,p50:d,p95:f})}return i}var b=T.sources,$t=e=>b.ms(k(e<10?e:Math.round(e)));function Rr({counts:e,now:t}){let{source:r}=e,a=Ar(e.minutes,t),o=a.map(({at:s})=>s);return n("section",{class:"box report-card","data-source":r.name,"aria-labelledby":`source-${r.name}`,children:[n("header",{children:[n("h2",{id:`source-${r.name}`,children:r.name}),n("span",{class:"soft",children:r.kind}),n("span",{class:`health health-${r.health.toLowerCase()}`,"data-state":r.health,children:[b.health[r.health],e.pausedSeconds!==null&&` ${b.paused(k(Math.ceil(e.pausedSeconds)))}`]})]}),e.heldSeconds>0&&n("p",{class:"note grey",children:b.held(k(Math.ceil(e.heldSeconds)))}),n(Oe,{facts:sa(e)}),n("div",{class:"charts",children:[n(Mt,{title:b.perMinute,times:o,format:k,lines:[{label:b.calls,tone:"plain",values:a.map(({calls:s})=>s)},{label:b.failed,tone:"bad",values:a.map(({failed:s})=>s)}]}),n(Mt,{title:b.latency,times:o,format:$t,lines:[{label:b.p50,tone:"plain",values:a.map(({p50:s})=>s)},{label:b.p95,tone:"bad",values:a.map(({p95:s})=>s)}]}),n(Ce,{title:b.outcomes,of:b.code,parts:e.outcomes.map(aa)}),n(le,{title:b.refused,of:b.code,bars:e.refusedLookups.map(({code:s,count:i})=>({label:we(s),value:i}))}),n(le,{title:b.dropped,of:b.what,bars:e.droppedRecords.map(({record:s,reason:i,count:u})=>({label:`${D(s)}: ${b.reason[i]??i}`,value:u}))}),n(le,{title:b.unreadable,of:b.what,bars:e.unreadableValues.map(({record:s,path:i,reason:u,count:c})=>({label:`${D(s)} ${i??""}: ${b.reason[u]??u}`,value:c}))})]}),e.droppedRecords.length+e.unreadableValues.length===0&&n("p",{class:"none",children:b.allReadable})]})}function aa({code:e,count:t}){return e==="OK"?{label:b.ok,value:t,tone:"good"}:e==="CANCELLED"?{label:b.cancelled,value:t,tone:"soft"}:{label:`${we(e)} (${e})`,value:t,tone:e==="SOURCE_TIMEOUT"?"warn":"bad"}}function sa(e){let{calls:t,failed:r,latencyP50Ms:a,latencyP95Ms:o,cacheHits:s,cacheMisses:i}=e,u=s+i;return[[b.since,$(e.since)],[b.calls,k(t)],[b.failed,t===0?k(0):`${k(r)} (${oe(r/t)})`],[b.p50,a===null?b.none:$t(a)],[b.p95,o===null?b.none:`${$t(o)} ${b.recent(k(e.recentCalls))}`],[b.underWay,b.ofMost(k(e.callsUnderWay),k(e.maxCalls))],[b.waiting,k(e.waitingKeys)],[b.retries,k(e.retries)],[b.openings,b.times(k(e.breakerOpenings))],[b.cache,u===0?k(0):`${k(s)} (${oe(s/u)})`],[b.stale,k(e.staleAnswers)],[b.quota,ia(e)],[b.finds,[...new Set(e.source.lookups.map(({record:c})=>D(c)))].join(", ")]]}function ia({callsLeft:e,callsPerSecond:t}){return t===null?b.noQuota:b.left(k(e??0),k(t))}function Or(){let e=fe(An,{}),t=e.data?.sourceActivity??null;return n(Ae,{name:"sources",title:T.sources.title,report:e,children:t===null?n(Re,{failures:e.failures,right:T.sources.right}):n(w,{children:[n("p",{class:"note",children:T.sources.process(t.process,$(t.at))}),t.sources.map(r=>n(Rr,{counts:r,now:t.at},r.source.name))]})})}var Dr={segments:Nr,sources:Or,tags:Tr};var Ir=/[\p{L}\p{N}]+/gu;function Lr(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function Ut(e,t){let r=Lr(t).match(Ir)??[],a=[],o=0;for(let s of e.matchAll(Ir)){let i=la(s[0],r);i!==0&&(s.index>o&&a.push({text:e.slice(o,s.index),marked:!1}),o=s.index+i,a.push({text:e.slice(s.index,o),marked:!0}))}return o<e.length&&a.push({text:e.slice(o),marked:!1}),a}function Pr(e,t){let r=t.replace(/\D/g,"").replace(/^0+/,""),a=e.replace(/\D/g,"");if(r.length<4||!a.endsWith(r))return[{text:e,marked:!1}];let o=e.length-r.length;return[{text:e.slice(0,o),marked:!1},{text:e.slice(o),marked:!0}].filter(s=>s.text!=="")}function la(e,t){let r=Lr(e),a=0;for(let o of t)r.startsWith(o)?a=Math.max(a,r.length===e.length?o.length:e.length):(o.length>3&&ua(r,o)<=(o.length>7?2:1)||/\p{Script=Han}/u.test(o)&&o.includes(r))&&(a=e.length);return a}function ua(e,t){let r=[],a=Array.from({length:t.length+1},(o,s)=>s);for(let o=1;o<=e.length;o+=1){let s=[o];for(let i=1;i<=t.length;i+=1){let u=e[o-1]===t[i-1],c=Math.min(a[i]+1,s[i-1]+1,a[i-1]+(u?0:1));o>1&&i>1&&e[o-1]===t[i-2]&&e[o-2]===t[i-1]&&(c=Math.min(c,r[i-2]+1)),s.push(c)}[r,a]=[a,s]}return a[t.length]}var ca=new Set(["NAME","EMAIL","COMPANY"]);function $r({match:e,typed:t,card:r}){let{customer:a,matchedBy:o,exact:s}=e,i=o==="PHONE"?a.phone:o==="MEMBER_NUMBER"?a.memberNumber:a.email,u=[a.company?.name,a.address?.city??a.address?.country].filter(Boolean),c=o==="PHONE"?Pr:Ut;return n("div",{class:"candidate",children:[n("div",{class:"candidate-who",children:[n("strong",{children:n(Mr,{parts:ca.has(o)?Ut(a.name??a.id,t):pa(a.name??a.id)})}),n("span",{class:"candidate-where",children:u.join(" · ")})]}),n("div",{class:"candidate-what",children:[n("span",{class:"candidate-contact",children:i&&n(Mr,{parts:c(i,t)})}),n("span",{class:"candidate-lately",children:r&&n(da,{card:r})})]}),n("span",{class:s?"match exact":"match",children:[l.search.by[o]," · ",s?l.search.exact:l.search.similar]})]})}function da({card:e}){let t=e.tickets?.unavailable.length===0?e.tickets.totalCount:null,r=e.orders?.nodes[0];return n(w,{children:[t!=null&&t>0&&n("em",{class:"alert",children:l.search.openTickets(t)}),t===0&&n("span",{children:l.search.noOpenTickets}),r&&n("span",{children:l.search.lastOrder(Se(r.placedAt,new Date))})]})}var pa=e=>[{text:e,marked:!1}];function Mr({parts:e}){return n(w,{children:e.map((t,r)=>t.marked?n("mark",{children:t.text},r):t.text)})}var ma=160;function Ur(e){let[t,r]=y(null),[a,o]=y(!1),[s,i]=y(0),u=G(!1),c=e.trim();return S(()=>{if(c===""){r(null),o(!1);return}o(!0);let d=new AbortController,f=setTimeout(async()=>{try{let g=await M(Ze,{text:c},d.signal);if(d.signal.aborted)return;let p=g.data?.find??null;r({text:c,result:p,failures:g.failures,cards:new Map}),o(!1);let h=p?.matches.map(_=>_.customer.id)??[];if(h.length===0)return;let x=await M(Sn,{ids:h},d.signal);if(d.signal.aborted)return;let E=new Map((x.data?.customers??[]).flatMap(_=>_?[[_.id,_]]:[]));r({text:c,result:p,failures:g.failures,cards:E})}catch(g){if(!d.signal.aborted)throw g}},u.current?0:ma);return u.current=!1,()=>{clearTimeout(f),d.abort()}},[c,s]),{found:t,busy:a,findNow:()=>{u.current=!0,i(d=>d+1)}}}function at({form:e,initial:t="",opensExact:r=!1,onTyped:a}){let[o,s]=y(t),[i,u]=y(0),[c,m]=y(e==="page"),d=G(null),f=yn(),{found:g,busy:p,findNow:h}=Ur(o),x=g?.result?.matches??[],E=G(r),_=G(!1);S(()=>u(0),[g?.text]),S(()=>{e==="page"&&d.current?.focus()},[e]),S(()=>{if(E.current&&g?.result){E.current=!1;let A=g.result.matches.filter(I=>I.exact);A.length===1&&ae(ge(A[0].customer.id),!0)}_.current&&g?.text===o.trim()&&(_.current=!1,g.result?.matches.length===1&&R(0))},[g]),S(()=>{if(e!=="bar")return;let A=I=>{let X=I.target;I.key==="/"&&!/^(INPUT|TEXTAREA|SELECT)$/.test(X.tagName)&&(I.preventDefault(),d.current?.focus())};return addEventListener("keydown",A),()=>removeEventListener("keydown",A)},[e]);let v=A=>{s(A),m(!0),a?.(A)},R=A=>{let I=x[A];I&&(e==="bar"&&(v(""),m(!1),d.current?.blur()),ae(ge(I.customer.id)))},O=A=>{if(!A.isComposing)if(A.key==="ArrowDown"||A.key==="ArrowUp"){A.preventDefault();let I=A.key==="ArrowDown"?1:-1;x.length>0&&u((i+I+x.length)%x.length)}else A.key==="Enter"?(A.preventDefault(),g?.text===o.trim()&&!p?R(i):(_.current=!0,h())):A.key==="Escape"&&(v(""),m(e==="page"))},te=c&&o.trim()!=="";return n("div",{class:`finder finder-${e}`,role:"search",children:[n("div",{class:"finder-box",children:[n(ga,{}),n("input",{ref:d,type:"text",inputMode:"search",enterKeyHint:"search",role:"combobox","aria-label":l.search.label,"aria-expanded":te&&x.length>0,"aria-controls":f,"aria-autocomplete":"list","aria-activedescendant":te&&x.length>0?`${f}-${i}`:void 0,autocomplete:"off",autocapitalize:"off",spellcheck:!1,placeholder:e==="bar"?l.search.label:l.search.placeholder,value:o,onInput:A=>v(A.currentTarget.value),onKeyDown:O,onFocus:()=>m(!0),onBlur:()=>e==="bar"&&m(!1)}),n("span",{class:p?"spinner":"spinner idle","aria-hidden":"true"}),e==="bar"&&n("kbd",{"aria-hidden":"true",children:"/"})]}),n("p",{class:"unseen",role:"status",children:p?l.search.busy:te&&x.length>0?l.search.found(x.length):""}),n("div",{class:"finder-result",hidden:!te,children:[n("ul",{id:f,role:"listbox","aria-label":l.search.label,hidden:x.length===0,children:x.map((A,I)=>n("li",{id:`${f}-${I}`,role:"option","aria-selected":I===i,onMouseDown:X=>X.preventDefault(),onMouseMove:()=>u(I),onClick:()=>R(I),children:n($r,{match:A,typed:g?.text??"",card:g?.cards.get(A.customer.id)})},A.customer.id))}),te&&g&&n(ot,{found:g})]})]})}function ga(){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:[n("circle",{cx:"9",cy:"9",r:"5.5"}),n("path",{d:"m13.2 13.2 4 4"})]})}var fa=["phone","email","order","ticket","text"];function Fr(){let e=ee(),t=fa.find(a=>e.get(a));if(!t)return null;let r=t==="phone"?e.get(t).replace(/^ (?=\d)/,"+"):e.get(t);return ae("/",!0),r}function Wr({viewer:e}){let[t,r]=y(Fr),[a,o]=y(t??"");return S(()=>{let s=()=>{let i=Fr();i!==null&&(r(i),o(i))};return addEventListener("hashchange",s),()=>removeEventListener("hashchange",s)},[]),n("main",{id:"content",class:"search-page",children:[n("h1",{children:l.search.label}),n(at,{form:"page",initial:t??"",opensExact:t!==null,onTyped:o},t),a.trim()===""&&n(w,{children:[n("p",{class:"hint",children:[l.search.hint," ",n("kbd",{children:"↑"})," ",n("kbd",{children:"↓"})," ",l.search.keys]}),n(ha,{viewer:e})]})]})}function ha({viewer:e}){let[t,r]=y([]);if(S(()=>{let o=$e(e);o.length!==0&&M(Tn,{ids:o}).then(({data:s,failures:i})=>{let u=s?.customers;if(!u)return;let c=o.filter((m,d)=>u[d]===null&&ya(i,d));Ne(e,c),r(u.filter(m=>m!==null))})},[e]),t.length===0)return null;let a=()=>{Ne(e,$e(e)),r([])};return n("section",{class:"recent","aria-labelledby":"recent",children:[n("header",{children:[n("h2",{id:"recent",children:l.search.recent}),n("button",{type:"button",class:"quiet",onClick:a,children:l.search.forget})]}),n("ul",{children:t.map(o=>n("li",{children:n("a",{href:ge(o.id),onClick:se,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")})]})},o.id))})]})}function ya(e,t){return e.filter(({path:a})=>a[1]===t).every(({code:a})=>a==="ERASED")}function Br({place:e,viewer:t}){let r=[...t.operates?["sources"]:[],...t.governs?["tags","segments"]:[]];if(r.length===0)return null;let a=e.page==="other"?e.name:"";return n("nav",{class:"pages","aria-label":T.nav.label,children:r.map(o=>n("a",{href:`/${o}`,"aria-current":o===a?"page":void 0,onClick:se,children:T.nav[o]},o))})}var ba={en:"English",zh:"中文"};function Vr({place:e,looking:t,onPurpose:r,onSignedOut:a}){let o=async()=>{await fetch("/session",{method:"DELETE",headers:{"x-csrf":"1"},credentials:"same-origin",cache:"no-store"}),a()};return n("header",{class:"bar",children:[n("a",{class:"brand",href:"/",onClick:se,"aria-label":l.product,children:[n(_a,{}),n("span",{children:l.product})]}),t.state==="ready"&&e.page!=="search"?n(at,{form:"bar"}):null,n("span",{class:"grow"}),t.state==="ready"&&n(Br,{place:e,viewer:t.viewer}),t.state==="ready"&&n("div",{class:"who",children:[n("span",{class:"who-name",title:t.viewer.caller??"",children:xa(t)}),t.viewer.purposes.length>0&&n("select",{class:"quiet","aria-label":l.viewer.purpose,value:t.purpose??"",onChange:s=>r(s.currentTarget.value||null),children:[!t.viewer.needsPurpose&&n("option",{value:"",children:l.viewer.noPurpose}),t.viewer.purposes.map(({key:s})=>n("option",{value:s,children:s},s))]}),t.viewer.user?.startsWith("key:")&&n("button",{type:"button",class:"quiet",onClick:o,children:l.viewer.signOut})]}),n("select",{class:"quiet language","aria-label":l.viewer.language,value:F,onChange:s=>an(s.currentTarget.value),children:mt.map(s=>n("option",{value:s,lang:s,children:ba[s]},s))})]})}function xa({viewer:e}){return(e.user?.startsWith("key:")?e.caller:e.user)??e.caller??l.viewer.anonymous}function _a(){return n("svg",{class:"brand-mark",viewBox:"0 0 24 24","aria-hidden":"true",children:[n("circle",{cx:"12",cy:"12",r:"11"}),n("circle",{cx:"12",cy:"9.5",r:"3.2"}),n("path",{d:"M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2"})]})}function Hr({onDone:e}){let[t,r]=y("");return n("main",{id:"content",class:"door",children:n("form",{onSubmit:async o=>{o.preventDefault();let s=o.currentTarget.elements.namedItem("key"),i={authorization:`Bearer ${s.value.trim()}`,"x-csrf":"1"};s.value="",r("");try{let u=await fetch("/session",{method:"POST",headers:i,credentials:"same-origin",cache:"no-store"});u.ok?e():r(u.status===401?l.viewer.refused:l.viewer.noSession)}catch{r(l.failure.offline)}},children:[n("h1",{children:l.viewer.signIn}),n("p",{children:l.viewer.signInWhy}),n("label",{children:[l.viewer.key,n("input",{name:"key",type:"password",autocomplete:"off",required:!0,maxLength:4096,"aria-describedby":"problem"})]}),n("p",{id:"problem",class:"alert",role:"alert",children:t}),n("button",{type:"submit",class:"primary",children:l.viewer.signIn})]})})}function Qr({viewer:e,onChosen:t}){return n("main",{id:"content",class:"door",children:n("div",{children:[n("h1",{children:l.viewer.choosePurpose}),n("p",{children:l.viewer.purposeWhy}),n("ul",{children:e.purposes.map(({key:r,basis:a})=>n("li",{children:n("button",{type:"button",class:"choice",onClick:()=>t(r),children:[n("strong",{children:r}),n("span",{children:l.viewer.basis[a]})]})},r))})]})})}var Wt=e=>`${e.caller??""}|${e.user??""}`,Ft=e=>`gateway.purpose:${Wt(e)}`;function Kr(){let[e,t]=y({state:"loading"}),r=xe(async()=>{let{data:o,failures:s}=await M(Dn,{});if(o===null){let d=s[0]?.code??"UNKNOWN";t(d==="UNAUTHENTICATED"?{state:"signed-out"}:{state:"failed",code:d});return}let{viewer:i}=o,u=i.purposes.map(({key:d})=>d),c=sessionStorage.getItem(Ft(i)),m=c!==null&&u.includes(c)?c:u.length===1&&i.needsPurpose?u[0]:null;vt(m),t(i.needsPurpose&&m===null?{state:"choosing",viewer:i}:{state:"ready",viewer:i,purpose:m})},[]);S(()=>(r(),_n(()=>t({state:"signed-out"}))),[r]);let a=xe(o=>{t(s=>{if(s.state!=="choosing"&&s.state!=="ready")return s;let{viewer:i}=s;return o===null?sessionStorage.removeItem(Ft(i)):sessionStorage.setItem(Ft(i),o),vt(o),{state:"ready",viewer:i,purpose:o}})},[]);return{looking:e,choose:a,again:r}}function zr(){let e=zn(),{looking:t,choose:r,again:a}=Kr();return n(w,{children:[n("a",{class:"skip",href:"#content",onClick:wa,children:l.skip}),n(Vr,{place:e,looking:t,onPurpose:r,onSignedOut:a}),n(va,{place:e,looking:t,onPurpose:r,onSignedIn:a})]})}function va({place:e,looking:t,onPurpose:r,onSignedIn:a}){switch(t.state){case"loading":return n("main",{id:"content","aria-busy":"true"});case"failed":return n("main",{id:"content",class:"door",children:n("div",{role:"alert",children:[n("p",{children:t.code==="OFFLINE"?l.failure.offline:l.failure.other(t.code)}),n("button",{type:"button",class:"primary",onClick:a,children:l.failure.askAgain})]})});case"signed-out":return n(Hr,{onDone:a});case"choosing":return n(Qr,{viewer:t.viewer,onChosen:r});case"ready":{let o=Wt(t.viewer);if(e.page==="search")return n(Wr,{viewer:o},`${o}${t.purpose}`);if(e.page==="customer")return n(wr,{id:e.id,viewer:o,looking:t.viewer},`${e.id}
${t.purpose}`);let s=Dr[e.name];return s?n(s,{}):n("main",{id:"content"})}}}function wa(e){e.preventDefault();let t=document.getElementById("content");t?.setAttribute("tabindex","-1"),t?.focus()}document.documentElement.lang=F;en(n(zr,{}),document.getElementById("app"));
